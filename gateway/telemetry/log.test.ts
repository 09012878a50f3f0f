import { expect, test } from 'vitest'
import { createLog, describeError } from './log.ts'

const lines: string[] = []
const log = createLog(
  (line) => void lines.push(line),
  () => 0,
)

test('a line is one line of JSON, whatever it says', () => {
  log('warn', 'thing.happened', {
    message: 'two\nlines',
    error: new Error('broken'),
    count: 5n,
    long: 'x'.repeat(9_000),
  })
  const [line = ''] = lines
  expect(line.endsWith('\n')).toBe(true)
  expect(line.slice(0, -1)).not.toContain('\n')
  const parsed = JSON.parse(line)
  expect(parsed).toMatchObject({
    at: '1970-01-01T00:00:00.000Z',
    level: 'warn',
    error: 'Error: broken',
    count: '5',
  })
  expect(parsed.long).toHaveLength(2_000)
})

test('an error of the system is its words and code, a bug is its stack', () => {
  const missing = Object.assign(new Error('no such file'), { code: 'ENOENT' })
  expect(describeError(missing)).toBe('Error: no such file (ENOENT)')
  expect(describeError(new TypeError('x is not a function'))).toContain('log.test.ts')
  expect(describeError('text')).toBe('text')
})
