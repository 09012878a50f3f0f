/**
 * Slow clients as a process of their own, so that their descriptors and their work are nobody else's:
 * `node gateway/testing/slow-clients-main.ts '{"port":…,"count":…,"first":…,"drip":…,"everyMs":…,"withinMs":…}'`.
 * Prints `open` once all are connected, and a line of JSON with how each ended; goes when its input closes.
 */
import { openSlowClients, type SlowClientOptions } from './slow-clients.ts'

const { port, withinMs, ...options } = JSON.parse(process.argv[2] ?? '') as SlowClientOptions & {
  port: number
  withinMs: number
}
process.stdin.resume().on('end', () => process.exit(0))
const clients = await openSlowClients(port, options)
process.stdout.write('open\n')
process.stdout.write(`${JSON.stringify(await clients.ended(withinMs))}\n`)
process.exit(0)
