import { spawn } from 'node:child_process'
import { createRequire } from 'node:module'
import path from 'node:path'
import { UserError } from '../user-error.ts'
import { ROOT } from './fingerprint.ts'

/**
 * Runs the program of an installed package under our own Node and waits for its end; what it prints is kept back
 * and becomes the error's text should it fail. Throws UserError.
 */
export function runTool(
  packageName: string,
  args: string[],
  env: NodeJS.ProcessEnv = process.env,
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [programOf(packageName), ...args], {
      cwd: ROOT,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    child.stdout.on('data', (chunk) => {
      output += chunk
    })
    child.stderr.on('data', (chunk) => {
      output += chunk
    })
    // Should we be ended in the middle, the tool ends too.
    const kill = () => child.kill('SIGKILL')
    process.once('exit', kill)
    child.on('error', reject)
    child.on('close', (code) => {
      process.off('exit', kill)
      if (code === 0) resolve(output)
      else reject(new UserError(`${packageName} ${args.join(' ')} failed:\n${output.trim()}`))
    })
  })
}

/** The JavaScript file behind the package's `bin`. */
export function programOf(packageName: string): string {
  const require = createRequire(import.meta.url)
  const folder = path.join(ROOT, 'node_modules', packageName)
  const { bin } = require(path.join(folder, 'package.json')) as { bin: string | Record<string, string> }
  const relative =
    typeof bin === 'string' ? bin : (bin[packageName.split('/').at(-1) ?? ''] ?? Object.values(bin)[0])
  if (!relative) throw new Error(`${packageName} has no program`)
  return path.join(folder, relative)
}
