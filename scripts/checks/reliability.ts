import { existsSync, readFileSync } from 'node:fs'
import path from 'node:path'

/** What `docs/reliability.md` says about a fault: a row of one of its tables. */
interface Row {
  readonly line: number
  readonly cells: readonly string[]
}

const DOCUMENT = 'docs/reliability.md'
const HEAD = ['fault', 'what happens', 'test']

/**
 * What is wrong with the page of faults, as sentences: a row that names no test, or one that does not exist. The third
 * column cites tests as code spans, `file › title`, where the title is that of a `test` or `describe` in that file.
 */
export function reliabilityProblems(root: string): string[] {
  const problems: string[] = []
  for (const { line, cells } of rowsOf(readFileSync(path.join(root, DOCUMENT), 'utf8'))) {
    const where = `${DOCUMENT}:${line}`
    if (cells.length !== HEAD.length || cells.some((cell) => cell === '')) {
      problems.push(`${where}: a row is | fault | what happens | \`file › test name\` |`)
      continue
    }
    const cited = [...(cells[2] ?? '').matchAll(/`([^`]+)`/g)].map(([, text = '']) => text)
    if (cited.length === 0) problems.push(`${where}: cites no test`)
    for (const citation of cited) {
      const problem = citationProblem(root, citation)
      if (problem !== null) problems.push(`${where}: ${problem}`)
    }
  }
  return problems
}

function rowsOf(document: string): Row[] {
  return document.split('\n').flatMap((text, index) => {
    if (!text.startsWith('|') || /^\|[\s:|-]+\|$/.test(text)) return []
    const cells = text
      .trim()
      .slice(1, -1)
      .split(/(?<!\\)\|/)
      .map((cell) => cell.trim().replaceAll('\\|', '|'))
    return cells.join() === HEAD.join() ? [] : [{ line: index + 1, cells }]
  })
}

function citationProblem(root: string, citation: string): string | null {
  const [file = '', ...titles] = citation.split(' › ')
  if (titles.length === 0) return `"${citation}" is not \`file › test name\``
  if (!/\.(test|spec)\.tsx?$/.test(file) || !existsSync(path.join(root, file))) return `no test file ${file}`
  const source = readFileSync(path.join(root, file), 'utf8')
  const missing = titles.find((title) => !hasTitle(source, title))
  return missing === undefined ? null : `${file} has no test "${missing}"`
}

/** A title is the first argument of a call, as `test('title', …)` and `test.each([…])('title', …)` have it. */
function hasTitle(source: string, title: string): boolean {
  const literal = title.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
  return new RegExp(`\\(\\s*(['"\`])${literal}\\1\\s*,`).test(source)
}
