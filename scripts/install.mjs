// Installs the packages when they are missing or are not those of the lock file. Runs on Node 18, before anything
// is installed.
import { spawn } from 'node:child_process'
import { existsSync, readFileSync, realpathSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const ROOT = path.join(path.dirname(fileURLToPath(import.meta.url)), '..')

/**
 * Returns whether something was installed. Throws an Error with a sentence for the operator.
 * @param {(line: string) => void} print
 */
export async function installPackages(print) {
  if (Number(process.versions.node.split('.')[0]) < 18) {
    throw new Error(`Gatehouse needs Node 20 or newer to install itself; this is ${process.versions.node}.`)
  }
  if (!isStale()) return false
  const start = performance.now()
  print('  installing packages, once …')
  await npm(['ci', '--include=dev', '--include=optional', '--no-audit', '--no-fund', '--loglevel=error'])
  print(
    `  ${'installed packages'.padEnd(38)} ${`${((performance.now() - start) / 1000).toFixed(1)} s`.padStart(7)}`,
  )
  return true
}

/**
 * npm writes node_modules/.package-lock.json last, so an installation cut short has none.
 * It is compared entry by entry: a package missing there must be an optional one (of another platform). One too many
 * does no harm.
 */
function isStale() {
  const present = readLock(path.join(ROOT, 'node_modules/.package-lock.json'))
  const wanted = readLock(path.join(ROOT, 'package-lock.json'))
  if (!wanted) throw new Error('package-lock.json is missing: clone Gatehouse again, or restore that file.')
  if (!present || !existsSync(nodePath())) return true
  for (const [name, entry] of Object.entries(wanted)) {
    if (name === '') continue
    const found = present[name]
    if (!found && !entry.optional && !entry.devOptional) return true
    if (found && (found.version !== entry.version || found.integrity !== entry.integrity)) return true
  }
  return false
}

function readLock(file) {
  try {
    return JSON.parse(readFileSync(file, 'utf8')).packages
  } catch {
    return null
  }
}

function nodePath() {
  return path.join(
    ROOT,
    'node_modules',
    `node-${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`,
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  )
}

/** The Node 24 among the packages, as process.execPath names it. */
export function bundledNode() {
  if (!existsSync(nodePath())) {
    throw new Error(`There is no Node 24 for ${process.platform} on ${process.arch} among the packages.`)
  }
  return realpathSync(nodePath())
}

function npm(args) {
  // Under `npm start` this is the npm that runs us, wherever it is installed.
  const cli = process.env.npm_execpath
  const [command, first] = cli?.endsWith('.js') ? [process.execPath, [cli]] : ['npm', []]
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...first, ...args], { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.stderr.on('data', (chunk) => {
      output += chunk
    })
    const forward = () => child.kill('SIGTERM')
    process.once('SIGINT', forward)
    process.once('SIGTERM', forward)
    child.on('error', (error) => reject(new Error(`npm could not be started: ${error.message}`)))
    child.on('close', (code, signal) => {
      process.off('SIGINT', forward)
      process.off('SIGTERM', forward)
      if (signal) process.exit(1)
      if (code === 0) resolve(undefined)
      else
        reject(
          new Error(`The packages could not be installed (npm ci, exit code ${code}):\n${output.trim()}`),
        )
    })
  })
}
