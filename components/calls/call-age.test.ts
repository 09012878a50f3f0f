import { expect, test } from 'vitest'
import { isYoung } from './call-age'

test('an id tells when its call began', () => {
  const began = 0x019a_bcde_f012
  const id = '019abcde-f012-7000-8000-000000000000'
  expect(isYoung(id, began + 59_000)).toBe(true)
  expect(isYoung(id, began + 61_000)).toBe(false)
  expect(isYoung('no-such-id', began)).toBe(false)
})
