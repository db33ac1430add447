/** A listing picture, or a quiet place where it would be. */
import { useState } from 'preact/hooks';
import { Icon } from '../base/ui';

export function Picture({ src, alt }: { src: string | null; alt: string }) {
  const [broken, setBroken] = useState<string | null>(null);
  if (src === null || broken === src) return <span class="picture none" role="presentation"><Icon name="parcel" /></span>;
  return <img class="picture" src={src} alt={alt} loading="lazy" decoding="async" onError={() => setBroken(src)} />;
}
