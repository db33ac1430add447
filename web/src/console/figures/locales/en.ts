/** The figures page's words, in English. */
export const figuresEn = {} as const;
