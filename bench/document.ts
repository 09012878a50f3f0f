/** The generated parts of docs/benchmarks.md, each between marks that name the command which makes it. */
import { readFileSync, writeFileSync } from 'node:fs'
import path from 'node:path'

const DOCUMENT = path.resolve(import.meta.dirname, '../docs/benchmarks.md')

/** Replaces what `<command> -- --write` makes, such as `npm run bench`; what people wrote around it stays. */
export function writeSection(command: string, made: string): void {
  const option = command.includes(' -- ') ? '--write' : '-- --write'
  const begin = `<!-- made by ${command} ${option}: edits between these marks are lost -->`
  const end = `<!-- end of what ${command} makes -->`
  const text = readFileSync(DOCUMENT, 'utf8')
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from === -1 || to < from) throw new Error(`${DOCUMENT} has lost its marks of ${command}`)
  writeFileSync(DOCUMENT, `${text.slice(0, from + begin.length)}\n\n${made}\n\n${text.slice(to)}`)
  console.log('docs/benchmarks.md is renewed')
}

/** A table in Markdown, aligned for reading as it stands; the first row is its head. */
export function table(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0), 3),
  )
  const line = (row: readonly string[]) =>
    `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`
  const [head = [], ...body] = rows
  return [line(head), `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`, ...body.map(line)].join(
    '\n',
  )
}
