import { expect, test } from 'vitest'
import { countChanges, countsText, fromAudit, valueText, wantedCredentials } from './value-text'

test('nothing, none and empty are three things', () => {
  expect(valueText(undefined)).toBeNull()
  expect(valueText(null)).toBe('none')
  expect(valueText('')).toBe('""')
  expect(valueText(false)).toBe('false')
  expect(valueText({ a: 1 })).toBe('{\n  "a": 1\n}')
})

test('the fields of an audit entry stand in a stable order', () => {
  expect(fromAudit({ name: ['a', 'b'], enabled: [true, false] }).map((field) => field.path)).toEqual([
    'enabled',
    'name',
  ])
})

test('changes are counted by what they do', () => {
  expect(countsText(countChanges([{ op: 'create' }, { op: 'create' }, { op: 'delete' }]))).toBe(
    '2 created, 1 deleted',
  )
  expect(countsText(countChanges([]))).toBe('nothing')
})

test('a refused rollback names the providers whose credentials it needs, each once', () => {
  expect(
    wantedCredentials([
      { path: 'credentials.prov_a' },
      { path: 'credentials.prov_a.apiKey' },
      { path: '/credentials/prov_b' },
      { path: 'credentials[prov_c]' },
      { path: 'name' },
    ]),
  ).toEqual(['prov_a', 'prov_b', 'prov_c'])
})
