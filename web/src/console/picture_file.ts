/** A picture file made small enough to travel inside a case: JPEG, as a data URL. */

const LONGEST_SIDE_PX = 1400;
/** Three pictures, two items: a request must stay well below a mebibyte. */
const MOST_CHARS = 150_000;

/** Throws when the browser cannot read the file as a picture. */
export async function pictureUrl(file: File): Promise<string> {
  const bitmap = await createImageBitmap(file);
  try {
    let side = Math.min(LONGEST_SIDE_PX, Math.max(bitmap.width, bitmap.height));
    for (;;) {
      for (const quality of [0.86, 0.72, 0.58]) {
        const url = drawn(bitmap, side, quality);
        if (url.length <= MOST_CHARS || side < 200) return url;
      }
      side = Math.round(side * 0.75);
    }
  } finally {
    bitmap.close();
  }
}

function drawn(bitmap: ImageBitmap, side: number, quality: number): string {
  const scale = side / Math.max(bitmap.width, bitmap.height);
  const canvas = document.createElement('canvas');
  canvas.width = Math.max(1, Math.round(bitmap.width * scale));
  canvas.height = Math.max(1, Math.round(bitmap.height * scale));
  const paper = canvas.getContext('2d');
  if (paper === null) throw new Error('no canvas');
  // JPEG has no transparency; without paper it would be black.
  paper.fillStyle = '#fff';
  paper.fillRect(0, 0, canvas.width, canvas.height);
  paper.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas.toDataURL('image/jpeg', quality);
}
