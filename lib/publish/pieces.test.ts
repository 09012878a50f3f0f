import { expect, test } from 'vitest'
import { createAssembler, intoPieces } from './pieces.ts'

test.each([0, 1, 5_000, 100_000])(
  'a text of %i characters comes through whole, in any order of its pieces',
  (size) => {
    const text = 'ä€😀x'.repeat(Math.ceil(size / 5)).slice(0, size)
    const pieces = intoPieces('probe-1', text)
    for (const piece of pieces) expect(Buffer.byteLength(piece)).toBeLessThan(8_000)
    const assemble = createAssembler()
    const results = pieces.toReversed().map(assemble)
    expect(results.at(-1)).toEqual({ id: 'probe-1', text: Buffer.from(text).toString() })
    expect(results.slice(0, -1).every((result) => result === null)).toBe(true)
  },
)

test('texts on their way at once do not mix, and half of one is forgotten in the end', () => {
  const assemble = createAssembler()
  const [first, second] = [intoPieces('a', 'A'.repeat(20_000)), intoPieces('b', 'B'.repeat(20_000))]
  const results = first.flatMap((piece, index) => [assemble(piece), assemble(second[index] ?? '')])
  expect(results.filter((result) => result !== null).map(({ id, text }) => [id, text.length])).toEqual([
    ['a', 20_000],
    ['b', 20_000],
  ])
  const [half = '', rest = ''] = intoPieces('old', 'x'.repeat(8_000))
  assemble(half)
  for (let n = 0; n < 60; n += 1) assemble(intoPieces(`new-${n}`, 'y'.repeat(8_000))[0] ?? '')
  expect(assemble(rest)).toBe(null)
})
