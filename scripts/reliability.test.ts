import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { reliabilityProblems } from './checks/reliability.ts'

test('every fault on the page has a test that exists', () => {
  expect(reliabilityProblems(path.join(import.meta.dirname, '..'))).toEqual([])
})

let root: string
beforeEach(() => {
  root = mkdtempSync(path.join(tmpdir(), 'gatehouse-reliability-'))
  mkdirSync(path.join(root, 'docs'))
  mkdirSync(path.join(root, 'gateway'))
  writeFileSync(
    path.join(root, 'gateway/a.wire.test.ts'),
    `describe('a disk', () => {\n  test(\n    'that is full | or gone', () => {})\n  test.each([1])('of %i', () => {})\n})\n`,
  )
})
afterEach(() => rmSync(root, { recursive: true }))

function problemsOf(row: string): string[] {
  const table = ['| fault | what happens | test |', '|---|---|---|', row].join('\n')
  writeFileSync(path.join(root, 'docs/reliability.md'), `# Reliability\n\n${table}\n`)
  return reliabilityProblems(root)
}

test.each([
  ['a test', '| x | y | `gateway/a.wire.test.ts › that is full \\| or gone` |'],
  ['a test within its group', '| x | y | `gateway/a.wire.test.ts › a disk › of %i` |'],
  ['two tests', '| x | y | `gateway/a.wire.test.ts › a disk`, `gateway/a.wire.test.ts › of %i` |'],
])('%s may be cited', (_, row) => {
  expect(problemsOf(row)).toEqual([])
})

test.each([
  ['a name that no test has', '| x | y | `gateway/a.wire.test.ts › that is fuller` |', 'no test "that is'],
  ['half a name', '| x | y | `gateway/a.wire.test.ts › that is full` |', 'no test "that is full"'],
  ['a file that is gone', '| x | y | `gateway/b.test.ts › a disk` |', 'no test file gateway/b.test.ts'],
  ['a file that holds no tests', '| x | y | `docs/reliability.md › a disk` |', 'no test file'],
  ['a file without a name', '| x | y | `gateway/a.wire.test.ts` |', 'is not `file › test name`'],
  ['words instead of a test', '| x | y | we looked at it |', 'cites no test'],
  ['an empty cell', '| x |  | `gateway/a.wire.test.ts › a disk` |', 'a row is'],
  ['a missing cell', '| x | y |', 'a row is'],
])('%s is found', (_, row, problem) => {
  expect(problemsOf(row).join('\n')).toContain(problem)
})
