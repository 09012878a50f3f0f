// Runs on whatever Node is installed (18 or newer): brings in the packages and with them Node 24, and runs the
// program under that one. Nothing from node_modules may be imported here.
import { spawn } from 'node:child_process'
import { bundledNode, installPackages } from './install.mjs'

/**
 * Calls `main(args, launcherMs)` of the module under Node 24, in this process if it runs on that already.
 * @param {string} moduleUrl
 */
export async function launch(moduleUrl) {
  try {
    const began = performance.now()
    const launched = process.env.GATEHOUSE_LAUNCHER === '1'
    const installed = !launched && (await installPackages((line) => console.log(line)))
    const node = bundledNode()
    if (!installed && (launched || process.execPath === node)) {
      const { main } = await import(moduleUrl)
      await main(process.argv.slice(2), Number(process.env.GATEHOUSE_LAUNCHER_MS ?? 0))
    } else handOver(node, performance.now() - began)
  } catch (error) {
    console.error(error instanceof Error ? error.message : error)
    process.exitCode = 1
  }
}

function handOver(node, ms) {
  const env = { ...process.env, GATEHOUSE_LAUNCHER: '1', GATEHOUSE_LAUNCHER_MS: String(Math.round(ms)) }
  const child = spawn(node, process.argv.slice(1), { stdio: 'inherit', env })
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal))
  // npm killed by SIGKILL tells nobody.
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
