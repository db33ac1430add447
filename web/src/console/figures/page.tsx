/** The figures page. */
export function FiguresPage() {
  return null;
}
