import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'

const SKIPPED =
  /^(node_modules|\.git|\.next.*|dist|\.data.*|\.cache|test-results|playwright-report|generated)$/
const SOURCE = /\.(ts|tsx|mjs|cjs)$/
const MAX_LINES = 400

/** Written whole by a program or by a vendor: no reader, no length. */
const NOT_WRITTEN = /(^|\/)(fixtures|recordings)\/|\.generated\.|^next-env\.d\.ts$/

/**
 * Files longer than they should be, with the lines they have today. A number here may only become smaller; a file
 * that has come down to 400 lines leaves the list.
 */
export const LONG_FILES: Record<string, number> = {}

/** What linters cannot see, as sentences; none for a tidy tree. Paths are relative to the root. */
export function tidyProblems(root: string, longFiles = LONG_FILES): string[] {
  const files = listFiles(root, '')
  const read = (file: string) => readFileSync(path.join(root, file), 'utf8')
  const sources = files.filter((file) => SOURCE.test(file) && !NOT_WRITTEN.test(file))
  return [
    ...sources.flatMap((file) => [...nameProblems(file), ...textProblems(file, read(file), longFiles)]),
    ...Object.keys(longFiles)
      .filter((file) => !sources.includes(file))
      .map((file) => `${file}: is in the list of long files and is gone`),
    ...files
      .filter((file) => file.endsWith('.md'))
      .flatMap((file) => documentProblems(root, file, read(file))),
  ]
}

function listFiles(root: string, folder: string): string[] {
  return readdirSync(path.join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (SKIPPED.test(entry.name)) return []
    const file = folder ? `${folder}/${entry.name}` : entry.name
    return entry.isDirectory() ? listFiles(root, file) : entry.isFile() ? [file] : []
  })
}

function nameProblems(file: string): string[] {
  const name = path.basename(file)
  const problems: string[] = []
  if (/^index\.tsx?$/.test(name)) problems.push(`${file}: a barrel file; import from the file itself`)
  if (!/^[.a-z0-9-]+$/.test(name)) problems.push(`${file}: file names are kebab-case`)
  if (/(^|[.-])(utils?|helpers?|misc|common)\.tsx?$/.test(name))
    problems.push(`${file}: name it after what it exports`)
  if (/\.spec\.tsx?$/.test(name) && !file.startsWith('e2e/')) {
    problems.push(`${file}: .spec.ts is the suffix of browser tests, which live in e2e/`)
  }
  return problems
}

/** Assembled, so that this file does not hold what it looks for. */
const MARKERS = new RegExp(`\\b(${['TO' + 'DO', 'FIX' + 'ME', 'X' + 'XX', 'HA' + 'CK'].join('|')})\\b`)
const DATABASE = /createTestDatabase\(|from 'pg'|startScratchPostgres\(/
const SOCKETS = /from 'node:(http|https|net|tls|http2)'/

function textProblems(file: string, text: string, longFiles: Record<string, number>): string[] {
  const problems: string[] = []
  const lines = text.split('\n').length - 1
  const marker = MARKERS.exec(text)?.[0]
  if (marker) problems.push(`${file}: a ${marker} left over; do it or say in docs/ why not`)
  const allowed = longFiles[file]
  if (allowed === undefined && lines > MAX_LINES)
    problems.push(`${file}: ${lines} lines, more than ${MAX_LINES}: split it`)
  if (allowed !== undefined && lines > allowed)
    problems.push(`${file}: grew from ${allowed} to ${lines} lines: split it`)
  if (allowed !== undefined && lines <= MAX_LINES)
    problems.push(`${file}: has ${lines} lines: take it off the list`)
  if (/\.test\.tsx?$/.test(file)) {
    const kind = /\.(db|wire)\.test\./.exec(file)?.[1] ?? 'unit'
    if (kind === 'unit' && DATABASE.test(text))
      problems.push(`${file}: uses Postgres, so it is a .db.test.ts`)
    if (kind === 'unit' && SOCKETS.test(text))
      problems.push(`${file}: opens sockets, so it is a .wire.test.ts`)
  } else if (/from 'vitest'/.test(text) && /^\s*(test|it|describe)\(/m.test(text)) {
    problems.push(
      `${file}: holds tests, but no runner takes it: name it .test.ts, .db.test.ts or .wire.test.ts`,
    )
  }
  return problems
}

const ROOMS = 'app|components|lib|gateway|prisma|e2e|bench|scripts|docs'

/** A document that names what is gone misleads more than one that says nothing. */
function documentProblems(root: string, file: string, text: string): string[] {
  const scripts = readScripts(root)
  const prose = text.replace(/^```[\s\S]*?^```/gm, '')
  const missing: string[] = []
  for (const [, name] of prose.matchAll(new RegExp(`\`((?:${ROOMS})/[\\w./()\\[\\]-]+)\``, 'g'))) {
    if (name && !name.includes('generated') && !existsSync(path.join(root, name))) missing.push(name)
  }
  for (const [, link] of prose.matchAll(/\]\(([^)#\s]+)(?:#[^)]*)?\)/g)) {
    if (link && !/^[a-z]+:/.test(link) && !existsSync(path.join(root, path.dirname(file), link)))
      missing.push(link)
  }
  for (const [, script] of text.matchAll(/\bnpm run ([\w:-]+)/g)) {
    if (script && !scripts.includes(script)) missing.push(`npm run ${script}`)
  }
  return [...new Set(missing)].map((name) => `${file}: names ${name}, which does not exist`)
}

function readScripts(root: string): string[] {
  const file = path.join(root, 'package.json')
  return existsSync(file) ? Object.keys(JSON.parse(readFileSync(file, 'utf8')).scripts ?? {}) : []
}
