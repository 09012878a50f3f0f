/** Portkey's open gateway on the same Node, from npm, with the server adapter that its streams work with. */
import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import path from 'node:path'
import { spawnAt } from '../cores.ts'
import { VENDOR_KEY, VENDOR_MODEL } from '../wire.ts'
import { answers, type Contestant, freePort, Unavailable, until } from './contestant.ts'

const VERSION = '1.15.2'
/** With later ones its streamed calls answer 500. */
const OVERRIDES = { '@hono/node-server': '1.12.2' }

export async function startPortkey(folder: string, upstreamPort: number): Promise<Contestant> {
  const home = path.join(folder, 'portkey')
  const program = path.join(home, 'node_modules/@portkey-ai/gateway/build/start-server.js')
  if (!existsSync(program)) {
    mkdirSync(home, { recursive: true })
    const manifest = {
      private: true,
      dependencies: { '@portkey-ai/gateway': VERSION },
      overrides: OVERRIDES,
    }
    writeFileSync(path.join(home, 'package.json'), JSON.stringify(manifest))
    const install = spawnSync('npm', ['install', '--no-audit', '--no-fund', '--ignore-scripts'], {
      cwd: home,
    })
    if (install.status !== 0 || !existsSync(program))
      throw new Unavailable(
        `@portkey-ai/gateway could not be installed: ${String(install.stderr).slice(-300)}`,
      )
  }
  const port = await freePort()
  const child = spawnAt('measured', process.execPath, [program, `--port=${port}`, '--headless'], {
    cwd: home,
    stdio: 'ignore',
    env: { ...process.env, NODE_ENV: 'production' },
  })
  await until('the start of Portkey', 20_000, () => {
    if (child.exitCode !== null) throw new Unavailable(`Portkey ended with ${child.exitCode}`)
    return answers(`http://127.0.0.1:${port}/`)
  })
  return {
    name: 'Portkey',
    version: VERSION,
    port,
    path: '/v1/chat/completions',
    headers: {
      authorization: `Bearer ${VENDOR_KEY}`,
      'x-portkey-provider': 'openai',
      'x-portkey-custom-host': `http://127.0.0.1:${upstreamPort}/v1`,
    },
    model: VENDOR_MODEL,
    pids: [child.pid ?? 0],
    drained: async () => {},
    stop: async () => {
      const closed = new Promise((resolve) => child.once('close', resolve))
      child.kill('SIGKILL')
      await closed
    },
  }
}
