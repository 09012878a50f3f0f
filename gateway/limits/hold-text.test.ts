import fc from 'fast-check'
import { expect, test } from 'vitest'
import { intent } from '../journal/journal-testing.ts'
import { intentPayload } from '../journal/record.ts'
import { COUNTS, Hold, want } from './hold.ts'

const entry = fc.record({
  key: fc.string({ unit: 'binary' }),
  counts: fc.constantFrom(...Object.values(COUNTS)),
  amount: fc.bigInt({ min: 0n, max: 10n ** 30n }),
  windowMs: fc.integer({ min: 0, max: 100_000_000 }),
})
const hold = fc
  .array(entry, { maxLength: 9 })
  .map((entries) => new Hold(entries.map((one) => want({ ...one, limit: null }))))

test('an intent is written as the JSON that it would be, whatever its holds are called', () => {
  fc.assert(
    fc.property(hold, fc.option(hold), (taken, admission) => {
      const whole = { ...intent(1), hold: taken, admission }
      expect(JSON.parse(intentPayload(whole))).toEqual(JSON.parse(JSON.stringify(whole)))
      const record = { ...intent(1), hold: taken.toJSON(), admission: null }
      expect(JSON.parse(intentPayload(record))).toEqual(record)
    }),
  )
})
