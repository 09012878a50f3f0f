import { expect, test } from 'vitest'
import { z } from 'zod'
import { onlySent, parseInput, pathText, readQuery } from './input.ts'
import { parseJson } from './json-text.ts'
import { operation } from './operation.ts'
import { createRouter } from './router.ts'

const codeOf = (run: () => unknown): string | undefined => {
  try {
    run()
    return undefined
  } catch (error) {
    return (error as { code: string }).code
  }
}

test('JSON is what JSON.parse says, without keys given twice and nesting without end', () => {
  for (const text of [
    '{"a":{"a":1},"b":[{"a":1},{"a":2}]}',
    '"{\\"a\\":1,\\"a\\":2}"',
    '{"a":"\\\\","b":"}{,"}',
    '[]',
    '0',
  ]) {
    expect(parseJson(text)).toEqual(JSON.parse(text))
  }
  for (const text of [
    '{"a":1,"a":2}',
    '{"x":[{"a":1,"\\u0061":2}]}',
    '{"a":1,}',
    '',
    '['.repeat(65) + ']'.repeat(65),
  ]) {
    expect(
      codeOf(() => parseJson(text)),
      text,
    ).toBe('invalid_json')
  }
})

test('a path reads as it is written in code', () => {
  expect(pathText(['targets', 0, 'providerId'])).toBe('targets[0].providerId')
  expect(pathText([])).toBe('')
})

test('every wrong field is named at once, one that is missing as required', () => {
  const schema = z.strictObject({
    name: z.string().min(1),
    targets: z.array(z.strictObject({ id: z.string() })),
  })
  try {
    parseInput(schema, { targets: [{ id: 1, extra: 2 }] }, 'body')
    expect.unreachable()
  } catch (error) {
    expect((error as { errors: unknown }).errors).toEqual(
      expect.arrayContaining([
        { path: 'name', message: 'is required' },
        { path: 'targets[0].id', message: expect.any(String) },
        { path: 'targets[0].extra', message: 'is not known here' },
      ]),
    )
  }
})

test('a PATCH holds what was sent, at every depth, and lists whole', () => {
  const parsed = { a: 1, b: { c: 2, d: 3 }, list: [{ weight: 1 }], n: null }
  expect(onlySent(parsed, { b: { c: 2 }, list: [{}], n: null })).toEqual({
    b: { c: 2 },
    list: [{ weight: 1 }],
    n: null,
  })
})

test('a parameter given twice is refused', () => {
  expect(readQuery(new URLSearchParams('a=1&b=2'))).toEqual({ a: '1', b: '2' })
  expect(codeOf(() => readQuery(new URLSearchParams('a=1&a=1')))).toBe('invalid_request')
})

test('an empty parameter is not given, and must still be known', () => {
  const page = z.strictObject({ limit: z.coerce.number().min(1).default(50), cursor: z.string().optional() })
  const read = (text: string) => parseInput(page, readQuery(new URLSearchParams(text)), 'query')
  expect(read('limit=&cursor=')).toEqual({ limit: 50 })
  expect(codeOf(() => read('nope='))).toBe('invalid_request')
})

test('a literal address comes before a parameter, and two of one address do not start', () => {
  const at = (id: string, method: 'GET' | 'POST', path: string) =>
    operation({
      id,
      method,
      path,
      summary: id,
      tag: 'x',
      permission: { scope: null, roles: [] },
      run: async () => undefined,
    })
  const find = createRouter([at('one', 'GET', '/x/{id}'), at('test', 'POST', '/x/test')])
  expect(find('POST', '/x/test')).toMatchObject({ kind: 'found', operation: { id: 'test' } })
  expect(find('GET', '/x/a%2Fb')).toMatchObject({ kind: 'found', params: { id: 'a/b' } })
  expect(find('GET', '/x/')).toEqual({ kind: 'none' })
  expect(() => createRouter([at('a', 'GET', '/x'), at('b', 'GET', '/x')])).toThrow('collide')
})
