// The launcher: runs on whatever Node is installed (18 or newer), brings in the packages and with them Node 24,
// and hands over to scripts/start/main.ts under that one. Nothing from node_modules may be imported here.
import { spawn } from 'node:child_process'
import { bundledNode, installPackages } from './install.mjs'

const mode = process.argv[2] ?? 'all'

try {
  const began = performance.now()
  const installed = await installPackages((line) => console.log(line))
  const node = bundledNode()
  if (!installed && process.execPath === node) {
    const { main } = await import('./start/main.ts')
    await main(mode, 0)
  } else handOver(node, performance.now() - began)
} catch (error) {
  console.error(error instanceof Error ? error.message : error)
  process.exitCode = 1
}

function handOver(node, ms) {
  const script = new URL('./start/run.ts', import.meta.url).pathname
  const child = spawn(node, [decodeURIComponent(script), mode, String(Math.round(ms))], {
    stdio: 'inherit',
    env: { ...process.env, GATEHOUSE_LAUNCHER: '1' },
  })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  // npm killed by SIGKILL tells nobody; our going tells the child.
  const parent = process.ppid
  if (process.env.npm_lifecycle_event) {
    setInterval(() => {
      if (process.ppid !== parent) child.kill('SIGTERM')
    }, 1000).unref()
  }
  child.on('error', (error) => {
    console.error(`Node 24 could not be started: ${error.message}`)
    process.exit(1)
  })
  child.on('exit', (code) => process.exit(code ?? 1))
}
