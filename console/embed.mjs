// Writes what Vite has built as a C++ table (src/admin/console_files.h), compressed as it is served.
//
//   node embed.mjs DIST console_files.cpp
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { gzipSync } from 'node:zlib';

const types = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};

function* filesBelow(folder, path = '') {
  for (const name of readdirSync(folder).sort()) {
    const inner = join(folder, name);
    if (statSync(inner).isDirectory()) yield* filesBelow(inner, `${path}/${name}`);
    else yield { path: `${path}/${name}`, content: readFileSync(inner) };
  }
}

const [dist, output] = process.argv.slice(2);
const arrays = [];
const rows = [];
let total = 0;
for (const { path, content } of filesBelow(dist)) {
  const type = types[extname(path)];
  if (!type) throw new Error(`${path}: no media type is known for it; add one to embed.mjs`);
  const gzip = gzipSync(content, { level: 9 });
  // The time in gzip's header would make every build another one.
  gzip.fill(0, 4, 8);
  total += gzip.length;
  const name = `file_${rows.length}`;
  arrays.push(`constexpr unsigned char ${name}[] = {${[...gzip].join(',')}};`);
  const etag = createHash('sha256').update(content).digest('hex').slice(0, 32);
  rows.push(`    {"${path}", "${type}", "\\"${etag}\\"", text(${name}), ${path.startsWith('/assets/')}},`);
}
writeFileSync(output, `// Written by console/embed.mjs.
#include "admin/console_files.h"

namespace postern::admin {
namespace {

${arrays.join('\n')}

template <std::size_t size>
std::string_view text(const unsigned char (&bytes)[size]) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}  // namespace

std::span<const ConsoleFile> console_files() {
  static const ConsoleFile files[] = {
${rows.join('\n')}
  };
  return files;
}

}  // namespace postern::admin
`);
console.log(`console: ${rows.length} files, ${total} bytes compressed`);
