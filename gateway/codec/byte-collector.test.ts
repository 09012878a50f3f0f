import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ByteCollector } from './byte-collector.ts'

test('whatever the sizes of the chunks, all bytes come out in their order', () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(fc.uint8Array({ maxLength: 8 }), fc.uint8Array({ minLength: 500, maxLength: 5_000 })),
      ),
      (chunks) => {
        const collector = new ByteCollector()
        for (const chunk of chunks) collector.add(Buffer.from(chunk))
        const whole = Buffer.concat(chunks)
        expect(collector.length).toBe(whole.length)
        expect(collector.join().equals(whole)).toBe(true)
      },
    ),
  )
})

test('one chunk is not copied, and nothing is empty', () => {
  const collector = new ByteCollector()
  expect(collector.join().length).toBe(0)
  const chunk = Buffer.from('{"model":"chat"}')
  collector.add(chunk)
  expect(collector.join()).toBe(chunk)
})

test('after a clearing it begins again', () => {
  const collector = new ByteCollector()
  collector.add(Buffer.from('abc'))
  collector.add(Buffer.from('d'))
  collector.clear()
  collector.add(Buffer.from('xy'))
  collector.add(Buffer.from('z'))
  expect(collector.join().toString()).toBe('xyz')
})
