// The media type of a file by its name, as MLflow tells it: what is text to read is text/plain, so that no browser runs it.

/** Extensions, and whole names of files without one, of what people read. */
const TEXT: ReadonlySet<string> = new Set([
  ...[
    'txt',
    'log',
    'err',
    'cfg',
    'conf',
    'cnf',
    'cf',
    'ini',
    'properties',
    'prop',
    'hocon',
    'toml',
    'yaml',
    'yml',
    'xml',
  ],
  ...['json', 'js', 'py', 'py3', 'csv', 'tsv', 'md', 'rst', 'ipynb', 'MLmodel', 'MLproject'],
])

const TYPES: Readonly<Record<string, string>> = {
  html: 'text/html',
  htm: 'text/html',
  css: 'text/css',
  mjs: 'text/javascript',
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  bmp: 'image/bmp',
  svg: 'image/svg+xml',
  webp: 'image/webp',
  avif: 'image/avif',
  ico: 'image/vnd.microsoft.icon',
  tif: 'image/tiff',
  tiff: 'image/tiff',
  pdf: 'application/pdf',
  zip: 'application/zip',
  tar: 'application/x-tar',
  wasm: 'application/wasm',
  webm: 'video/webm',
  mp4: 'video/mp4',
  mpeg: 'video/mpeg',
  mov: 'video/quicktime',
  avi: 'video/x-msvideo',
  mp3: 'audio/mpeg',
  wav: 'audio/x-wav',
  h5: 'application/x-hdf5',
  hdf: 'application/x-hdf',
}

export function mimeTypeOf(name: string): string {
  const dot = name.lastIndexOf('.')
  const extension = dot > 0 ? name.slice(dot + 1) : name // a name like ".json" has no extension, and neither has "MLmodel"
  if (TEXT.has(extension)) return 'text/plain'
  return (dot > 0 ? TYPES[extension.toLowerCase()] : undefined) ?? 'application/octet-stream'
}
