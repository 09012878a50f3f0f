/** SIGKILL of the bundle that is deployed, amid many streams. The oracle: what was served, booked and seen. */
import { appendFileSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import type { UsageEvent } from '../lib/contract/usage-event.ts'
import { ROOT } from '../scripts/build/fingerprint.ts'
import { BUILD_STEPS, withBuildLock } from '../scripts/build/product.ts'
import { HEADER_BYTES, scanRecords } from './journal/record.ts'
import { eventually, everythingShipped, type GatewayRig, ready, startRig } from './testing/gateway-rig.ts'
import { type Answer, chat } from './testing/http-caller.ts'
import { seeded, testSeed } from './testing/seed.ts'

const LONG = process.env.GATEHOUSE_TEST_LONG === '1'
const ROUNDS = LONG ? 60 : 3
const STREAMS = 50
const TOKENS = Array.from({ length: 30 }, (_, n) => ` word${n}`)

let rig: GatewayRig
beforeAll(async () => {
  await withBuildLock(() => BUILD_STEPS.gateway())
}, 120_000)
beforeEach(async () => {
  rig = await startRig({ bundle: join(ROOT, 'dist/gateway/main.mjs') })
})
afterEach(() => rig.close())

test(
  'killed amid 50 streams: no caller sees a false end, and each stream is one row, re-shipped or not',
  async () => {
    const random = seeded(testSeed('killed amid 50 streams'))
    const answers: Answer[] = []
    let gateway = rig.start()
    await ready(gateway)
    await eventually(() => readdirSync(rig.folder).includes('snapshot.bin'), 'the configuration is on disk')
    for (let round = 0; round < ROUNDS; round += 1) {
      rig.vendor.script([], { tokens: TOKENS, eventDelayMs: 2 + Math.floor(random() * 12) })
      const { url } = gateway
      const killAfter = Math.floor(random() * STREAMS * TOKENS.length * 0.7)
      let received = 0
      const streams = Array.from({ length: STREAMS }, () =>
        chat(url, {
          stream: true,
          onData: () => {
            received += 1
          },
        }),
      )
      const plain = Array.from({ length: 4 }, async () => {
        for (;;) {
          const answer = await chat(url)
          answers.push(answer)
          if (answer.end !== 'whole') return
        }
      })
      await eventually(() => received >= killAfter, 'the streams have come so far')
      await gateway.kill('SIGKILL')
      answers.push(...(await Promise.all(streams)))
      await Promise.all(plain)

      const torn = random() < 0.5
      if (torn) tearTail(rig.folder, random)
      const adminAway = random() < 0.5
      if (adminAway) await rig.adminLeaves()
      gateway = rig.start({ JOURNAL_SYNC: random() < 0.5 ? 'settle' : 'group' })
      await ready(gateway)
      expect(gateway.output()).toContain('snapshot.loaded')
      if (torn) expect(gateway.output()).toContain('journal.torn_tail')
      const admin = await rig.adminReturns()
      // Some receipts are lost, so that what is booked comes again.
      let lost = 0
      admin.usageBehaviour = () => (random() < 0.5 && lost++ < 5 ? 'drop' : 'ok')
    }
    await everythingShipped(rig)
    expectThreeTalliesAgree(answers)
  },
  LONG ? 900_000 : 90_000,
)

function expectThreeTalliesAgree(answers: readonly Answer[]): void {
  const booked = rig.booked()
  expect(rig.contradictions).toEqual([])
  const sequences = [...booked.values()].map((event) => event.sequence).sort((a, b) => a - b)
  expect(sequences, 'numbers without gaps, none twice').toEqual(sequences.map((_, index) => index + 1))

  const served = new Map(rig.vendor.served.map((entry) => [entry.requestId ?? '', entry]))
  expect(served.size, 'no call was sent twice').toBe(rig.vendor.served.length)
  expect(
    [...served.keys()].filter((id) => !booked.has(id)),
    'served and not booked',
  ).toEqual([])
  const unserved = [...booked.values()].filter(({ id }) => !served.has(id))
  expect(unserved.filter((event) => outcomeOf(event) !== 'unknown').map(({ id }) => id)).toEqual([])

  for (const answer of answers) {
    if (answer.id === null) continue
    const event = booked.get(answer.id)
    const seenEnd = answer.end === 'whole' && (answer.status !== 200 || !isStream(answer) || isDone(answer))
    if (seenEnd && answer.status === 200) {
      const tokens = served.get(answer.id)?.completionTokens
      expect(event).toMatchObject({
        status: 200,
        usageSource: 'provider',
        usage: { outputTokens: tokens },
        attempts: [{ outcome: 'ok' }],
      })
    } else {
      expect(isDone(answer), 'an end that nobody vouches for').toBe(false)
      expect(answer.end).toBe('cut')
      // The settlement may have been written just before the end was to be sent.
      if (outcomeOf(event) === 'unknown') {
        expect(event).toMatchObject({ status: 502, usageSource: 'estimated', costPicoUsd: null })
      } else expect(event?.status).toBe(200)
    }
  }
  const cut = answers.filter((answer) => answer.end === 'cut')
  expect(cut.length, 'the kills found streams in flight').toBeGreaterThan(ROUNDS)
}

const outcomeOf = (event: UsageEvent | undefined) => event?.attempts.at(-1)?.outcome
const isStream = ({ headers }: Answer) => String(headers['content-type']).includes('event-stream')
const isDone = ({ text }: Answer) => text.includes('[DONE]')

/** As if the machine had stopped in the middle of a write: the first part of a record stands at the end. */
function tearTail(folder: string, random: () => number): void {
  const journal = join(folder, 'journal')
  const newest =
    readdirSync(journal)
      .filter((name) => name.endsWith('.log'))
      .sort()
      .at(-1) ?? ''
  const content = readFileSync(join(journal, newest))
  const last = scanRecords(content).records.at(-1)
  if (!last) throw new Error('an empty journal')
  const record = content.subarray(last.start - HEADER_BYTES, last.end)
  appendFileSync(join(journal, newest), record.subarray(0, 1 + Math.floor(random() * (record.length - 1))))
}
