import { spawn } from 'node:child_process'
import path from 'node:path'
import { inheritedEnvironment, ROOT } from './product.ts'

/** What the vendor's own invoice says of one request. */
export interface Served {
  readonly requestId: string | null
  readonly path: string
  readonly model: string | null
  readonly status: number
  readonly promptTokens: number
  readonly completionTokens: number
  readonly outcome: 'serving' | 'complete' | 'failed' | 'aborted'
}

export interface Vendor {
  /** With `/v1`. */
  readonly baseUrl: string
  /** What it does with every call from now on, and with those of one key; `{}`: it answers well. */
  behave(plan: Record<string, unknown>, keys?: Record<string, Record<string, unknown>>): Promise<void>
  /** Chat completions that it was asked for, in order. */
  served(): Promise<Served[]>
  stop(): Promise<void>
}

/** A vendor that speaks OpenAI's wire, as a process of its own. */
export async function startVendor(): Promise<Vendor> {
  const child = spawn(process.execPath, [path.join(ROOT, 'gateway/testing/fake-openai-main.ts'), '0'], {
    env: inheritedEnvironment(),
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const baseUrl = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()))
    child.once('exit', (code) => reject(new Error(`the vendor ended with exit code ${code}`)))
  })
  const origin = new URL(baseUrl).origin
  const exited = new Promise((resolve) => child.once('exit', resolve))
  return {
    baseUrl,
    async behave(plan, keys) {
      await fetch(`${origin}/_fake/script`, {
        method: 'POST',
        body: JSON.stringify({ plans: [], otherwise: plan, keys }),
      })
    },
    async served() {
      const all = (await (await fetch(`${origin}/_fake/tally`)).json()) as Served[]
      return all.filter((entry) => entry.path === '/v1/chat/completions')
    },
    async stop() {
      child.kill('SIGTERM')
      await exited
    },
  }
}
