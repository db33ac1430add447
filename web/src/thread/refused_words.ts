/** What a file that came by mail was refused for, in plain words of every language. */
import { ownWords, type Translation } from '../base/text';

const en = {
  type: '“{name}” was not taken: only photos (JPEG, PNG, WebP) and clips (MP4, MOV, WebM) are.',
  broken: '“{name}” was not taken: it does not open.',
  two_in_one: '“{name}” was not taken: it is an archive or a PDF.',
  too_large: '“{name}” was not taken: it is too large.',
  too_many: '“{name}” was not taken: there were too many files.',
} as const;

const zh: Translation<typeof en> = {
  type: '未接收“{name}”：只接收照片（JPEG、PNG、WebP）和视频（MP4、MOV、WebM）。',
  broken: '未接收“{name}”：文件无法打开。',
  two_in_one: '未接收“{name}”：它是压缩包或 PDF。',
  too_large: '未接收“{name}”：文件太大。',
  too_many: '未接收“{name}”：文件太多。',
};

const es: Translation<typeof en> = {
  type: '«{name}» no se ha aceptado: solo se aceptan fotos (JPEG, PNG, WebP) y vídeos (MP4, MOV, WebM).',
  broken: '«{name}» no se ha aceptado: no se puede abrir.',
  two_in_one: '«{name}» no se ha aceptado: es un archivo comprimido o un PDF.',
  too_large: '«{name}» no se ha aceptado: es demasiado grande.',
  too_many: '«{name}» no se ha aceptado: eran demasiados archivos.',
};

const de: Translation<typeof en> = {
  type: '„{name}“ wurde nicht angenommen: nur Fotos (JPEG, PNG, WebP) und Clips (MP4, MOV, WebM).',
  broken: '„{name}“ wurde nicht angenommen: Die Datei lässt sich nicht öffnen.',
  two_in_one: '„{name}“ wurde nicht angenommen: Es ist ein Archiv oder ein PDF.',
  too_large: '„{name}“ wurde nicht angenommen: Die Datei ist zu groß.',
  too_many: '„{name}“ wurde nicht angenommen: Es waren zu viele Dateien.',
};

const ar: Translation<typeof en> = {
  type: 'لم يُقبل «{name}»: تُقبل الصور (JPEG وPNG وWebP) والمقاطع (MP4 وMOV وWebM) فقط.',
  broken: 'لم يُقبل «{name}»: لا يمكن فتح الملف.',
  two_in_one: 'لم يُقبل «{name}»: هو أرشيف أو ملف PDF.',
  too_large: 'لم يُقبل «{name}»: الملف كبير جدًا.',
  too_many: 'لم يُقبل «{name}»: كان عدد الملفات كبيرًا جدًا.',
};

export const refusedWords = ownWords<typeof en>({ en, 'zh-Hans': zh, es, de, ar });
