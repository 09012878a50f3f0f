/** Live traffic of the example company: real HTTP calls through the gateway to the sandbox. */
import { PROMPTS } from './company.ts'
import type { Caller } from './fill.ts'

export interface Tally {
  calls: number
  failed: number
}

/** Sends about `callsPerSecond` until the signal aborts, in random order by share; resolves when all have ended. */
export async function sendTraffic(
  gatewayUrl: string,
  callers: readonly Caller[],
  callsPerSecond: number,
  signal: AbortSignal,
): Promise<Tally> {
  const tally: Tally = { calls: 0, failed: 0 }
  const weighted = callers.flatMap((caller) => Array.from({ length: caller.consumer.share }, () => caller))
  const running = new Set<Promise<void>>()
  while (!signal.aborted) {
    const caller = pick(weighted)
    const call = send(gatewayUrl, caller)
      .then((ok) => {
        tally.calls += 1
        if (!ok) tally.failed += 1
      })
      .finally(() => running.delete(call))
    running.add(call)
    if (running.size >= 50) await Promise.race(running)
    await pause((1000 / callsPerSecond) * (0.3 + 1.4 * Math.random()), signal)
  }
  await Promise.all(running)
  return tally
}

async function send(gatewayUrl: string, { consumer, secret }: Caller): Promise<boolean> {
  const body: Record<string, unknown> = {
    model: consumer.route,
    messages: [
      { role: 'system', content: `You are ${consumer.name}. ${consumer.purpose}.` },
      { role: 'user', content: pick(PROMPTS[consumer.route] ?? ['Hello']) },
    ],
  }
  if (consumer.stream) {
    body.stream = true
    body.stream_options = { include_usage: true }
  }
  if (consumer.tools && Math.random() < 0.3) {
    body.tools = [
      {
        type: 'function',
        function: {
          name: 'read_file',
          description: 'Reads a file of the repository',
          parameters: { type: 'object', properties: { path: { type: 'string' } }, required: ['path'] },
        },
      },
    ]
  }
  // One call in fifty asks for a model that is not there, so that refusals have something to show.
  if (Math.random() < 0.02) body.model = 'not-a-route'
  try {
    const response = await fetch(`${gatewayUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: {
        authorization: `Bearer ${secret}`,
        'content-type': 'application/json',
        'x-gatehouse-tags': `environment=${Math.random() < 0.8 ? 'production' : 'staging'}`,
        'x-gatehouse-user': `customer-${1 + Math.floor(Math.random() * 40)}`,
      },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(60_000),
    })
    await response.arrayBuffer()
    return response.ok
  } catch {
    return false
  }
}

function pick<T>(items: readonly T[]): T {
  return items[Math.floor(Math.random() * items.length)] as T
}

function pause(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const timer = setTimeout(done, ms)
    function done() {
      clearTimeout(timer)
      signal.removeEventListener('abort', done)
      resolve()
    }
    signal.addEventListener('abort', done)
  })
}
