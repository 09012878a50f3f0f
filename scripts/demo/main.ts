/**
 * `npm run demo`: fills a running Gatehouse with an example company and a minute of live traffic, all through the public
 * API and the gateway. `-- --minutes 10`, `-- --rate 20` (calls a second), `-- --remove`.
 */
import { parseArgs } from 'node:util'
import { UserError } from '../user-error.ts'
import { connect } from './api.ts'
import { fill, remove } from './fill.ts'
import { sendTraffic } from './traffic.ts'

async function main() {
  const { values } = parseArgs({
    options: {
      remove: { type: 'boolean', default: false },
      minutes: { type: 'string', default: '1' },
      rate: { type: 'string', default: '6' },
    },
  })
  const host = process.env.HOST ?? '127.0.0.1'
  const adminUrl = process.env.GATEHOUSE_ADMIN_URL ?? `http://${host}:${process.env.PORT ?? 3000}`
  const gatewayUrl = process.env.GATEHOUSE_GATEWAY_URL ?? `http://${host}:${process.env.GATEWAY_PORT ?? 4000}`
  const api = await connect(adminUrl, process.env)

  if (values.remove) {
    const removed = await remove(api)
    console.log(
      removed.length ? `Removed ${removed.length}: ${removed.join(', ')}.` : 'Nothing of the demo is here.',
    )
    return
  }
  const minutes = positive(values.minutes, '--minutes')
  const rate = positive(values.rate, '--rate')
  const callers = await fill(api)
  console.log(`The example company is there. Watch ${adminUrl} (switch on "include simulated").`)
  console.log(`Sending about ${rate} calls a second for ${minutes} min; Ctrl-C ends it.`)
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), minutes * 60_000)
  process.once('SIGINT', () => stop.abort())
  process.once('SIGTERM', () => stop.abort())
  const tally = await sendTraffic(gatewayUrl, callers, rate, stop.signal)
  clearTimeout(timer)
  console.log(`${tally.calls} calls sent, ${tally.failed} of them refused or failed, as some are meant to.`)
  console.log('Take it away again with "npm run demo -- --remove".')
}

function positive(text: string, name: string): number {
  const value = Number(text)
  if (Number.isFinite(value) && value > 0 && value <= 1_000) return value
  throw new UserError(`${name} takes a number above 0, up to 1,000; it was "${text}".`)
}

main().catch((error: unknown) => {
  console.error(error instanceof UserError || error instanceof Error ? error.message : error)
  process.exitCode = 1
})
