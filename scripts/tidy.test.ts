import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { LONG_FILES, tidyProblems } from './checks/tidy.ts'

test('the tree is tidy', () => {
  expect(tidyProblems(path.join(import.meta.dirname, '..'))).toEqual([])
})

test('the list of long files may only shrink', () => {
  // Raising a number or adding a file is a decision to be made here too.
  expect(Object.keys(LONG_FILES).length).toBeLessThanOrEqual(0)
})

let root: string
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'gatehouse-tidy-'))
})
afterEach(() => rmSync(root, { recursive: true }))

function plant(file: string, text: string): void {
  mkdirSync(path.dirname(path.join(root, file)), { recursive: true })
  writeFileSync(path.join(root, file), text)
}

const long = 'export const a = 1\n'.repeat(401)

test.each([
  ['a leftover marker', 'lib/a.ts', `// ${'TO'}${'DO'}: later\n`, 'left over'],
  ['a barrel file', 'lib/index.ts', 'export {}\n', 'barrel'],
  ['a file of 401 lines', 'lib/a.ts', long, 'split it'],
  ['a name that is not kebab-case', 'lib/someThing.ts', 'export {}\n', 'kebab-case'],
  ['a name that says nothing', 'lib/date-utils.ts', 'export {}\n', 'what it exports'],
  ['a unit test with a database', 'lib/a.test.ts', `import pg from ${"'pg'"}\n`, '.db.test.ts'],
  [
    'a unit test with sockets',
    'lib/a.test.ts',
    `import { createServer } from ${"'node:net'"}\n`,
    '.wire.test.ts',
  ],
  [
    'tests that no runner takes',
    'lib/a-check.ts',
    `import { test } from ${"'vitest'"}\ntest('x', () => {})\n`,
    'no runner',
  ],
  ['a browser test outside e2e', 'lib/a.spec.ts', 'export {}\n', 'e2e/'],
  ['a document that names a missing file', 'README.md', 'See `lib/gone.ts`.\n', 'lib/gone.ts'],
  ['a document with a dead link', 'docs/a.md', 'See [that](gone.md).\n', 'gone.md'],
  ['a document with a missing command', 'README.md', 'Run `npm run gone`.\n', 'npm run gone'],
])('%s is found', (_, file, text, problem) => {
  plant(file, text)
  expect(tidyProblems(root, {}).join('\n')).toContain(problem)
})

test('a long file on the list may neither grow nor stay on it when it has become short', () => {
  plant('lib/a.ts', long)
  expect(tidyProblems(root, { 'lib/a.ts': 401 })).toEqual([])
  expect(tidyProblems(root, { 'lib/a.ts': 400 }).join()).toContain('grew')
  plant('lib/a.ts', 'export {}\n')
  expect(tidyProblems(root, { 'lib/a.ts': 401 }).join()).toContain('take it off the list')
  expect(tidyProblems(root, { 'lib/gone.ts': 401 }).join()).toContain('is gone')
})
