/** For tests: the gateway as the process that an operator starts, killed and started again as they would. */
import { type ChildProcess, spawn } from 'node:child_process'
import { fileURLToPath } from 'node:url'

const MAIN = fileURLToPath(new URL('../main.ts', import.meta.url))

export interface GatewayProcess {
  readonly child: ChildProcess
  readonly url: string
  /** Everything that it wrote so far. */
  output(): string
  /** Exit code and signal, once it has ended. */
  readonly ended: Promise<{ code: number | null; signal: NodeJS.Signals | null }>
  kill(signal: NodeJS.Signals): Promise<{ code: number | null; signal: NodeJS.Signals | null }>
}

/** From its sources, or as the bundle that is deployed. */
export function spawnGateway(
  env: Record<string, string>,
  main = MAIN,
  { openFiles }: { openFiles?: number } = {},
): GatewayProcess {
  const command = [process.execPath, main]
  // A limit on descriptors is the shell's to set.
  if (openFiles !== undefined) command.unshift('sh', '-c', `ulimit -n ${openFiles} && exec "$0" "$@"`)
  const [program = '', ...args] = command
  const child = spawn(program, args, {
    // Nothing of the machine's own settings may reach it.
    env: { PATH: process.env.PATH ?? '', NODE_NO_WARNINGS: '1', HOST: '127.0.0.1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  child.stderr?.on('data', (chunk: Buffer) => {
    output += chunk.toString()
  })
  const ended = new Promise<{ code: number | null; signal: NodeJS.Signals | null }>((resolve) => {
    child.once('close', (code, signal) => resolve({ code, signal }))
  })
  return {
    child,
    url: `http://127.0.0.1:${env.GATEWAY_PORT}`,
    output: () => output,
    ended,
    kill: (signal) => {
      child.kill(signal)
      return ended
    },
  }
}
