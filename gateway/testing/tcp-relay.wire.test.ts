import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { until } from './gateway-under-test.ts'
import { startTcpRelay, type TcpRelay } from './tcp-relay.ts'

let server: Server
let relay: TcpRelay
let heard = ''
const callers: Socket[] = []

beforeEach(async () => {
  heard = ''
  server = createServer({ allowHalfOpen: true }, (socket) => {
    socket.on('data', (chunk) => {
      heard += chunk.toString()
      socket.write(chunk)
    })
    socket.on('end', () => socket.end('bye'))
    socket.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  relay = await startTcpRelay({ port: (server.address() as AddressInfo).port })
})
afterEach(async () => {
  for (const caller of callers.splice(0)) caller.destroy()
  await relay.close()
  await new Promise((resolve) => server.close(resolve))
})

interface Caller {
  readonly socket: Socket
  text: string
  ending: '' | 'end' | 'ECONNRESET' | 'ECONNREFUSED'
}

function call(say: string): Caller {
  const socket = connect({ port: relay.port, host: '127.0.0.1', allowHalfOpen: true })
  const caller: Caller = { socket, text: '', ending: '' }
  callers.push(socket)
  socket.on('data', (chunk) => {
    caller.text += chunk.toString()
  })
  socket.on('end', () => {
    caller.ending ||= 'end'
  })
  socket.on('error', (error: NodeJS.ErrnoException) => {
    caller.ending = error.code as Caller['ending']
  })
  socket.write(say)
  return caller
}

describe('the relay that tests break connections with', () => {
  it('carries both directions and both ends, when it is told nothing', async () => {
    const caller = call('hello')
    await until(() => caller.text === 'hello')
    caller.socket.end()
    await until(() => caller.ending === 'end')
    expect(caller.text).toBe('hellobye')
    await until(() => relay.open() === 0)
  })

  it.each([
    ['reset', 'ECONNRESET', 'hel'],
    ['fin', 'end', 'hel'],
  ] as const)('%s at a byte of the answer: exactly so many arrive', async (by, ending, text) => {
    relay.script([{ down: { atByte: 3, by } }])
    const caller = call('hello')
    await until(() => caller.ending !== '')
    expect(caller).toMatchObject({ ending, text })
    // The next connection is whole again.
    const next = call('again')
    await until(() => next.text === 'again')
  })

  it('stalls, loses and refuses without a word to the wrong side', async () => {
    relay.script([{ down: { atByte: 2, by: 'stall' } }, { up: { atByte: 2, by: 'lose' } }, { refuse: true }])
    const stalled = call('hello')
    await until(() => stalled.text === 'he' && heard === 'hello')
    const lost = call('WORLD')
    await until(() => lost.text === 'WO')
    const refused = call('x')
    await until(() => refused.ending === 'ECONNRESET')
    expect(heard).toBe('helloWO')
    expect([stalled.ending, lost.ending]).toEqual(['', ''])
  })

  it('freezes what is open and what comes, and lets it go on', async () => {
    const caller = call('a')
    await until(() => caller.text === 'a')
    relay.freeze()
    caller.socket.write('b')
    const late = call('c')
    await until(() => relay.accepted === 2)
    expect(heard).toBe('a')
    relay.thaw()
    await until(() => caller.text === 'ab' && late.text === 'c')
    relay.reset()
    await until(() => caller.ending === 'ECONNRESET' && late.ending === 'ECONNRESET')
  })

  it('refuses while it does not listen, and takes connections again on the same port', async () => {
    await relay.stopListening()
    const refused = call('a')
    await until(() => refused.ending === 'ECONNREFUSED')
    await relay.listen()
    const caller = call('b')
    await until(() => caller.text === 'b')
  })
})
