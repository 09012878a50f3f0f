import { spawn } from 'node:child_process'
import { ROOT } from '../build/fingerprint.ts'

export interface NpmAnswer {
  code: number | null
  stdout: string
  stderr: string
}

/** Runs npm, under `npm test` the one that runs us; null when it has not ended by the deadline. */
export function runNpm(args: string[], deadlineMs: number): Promise<NpmAnswer | null> {
  const cli = process.env.npm_execpath
  const [command, first] = cli?.endsWith('.js') ? [process.execPath, [cli]] : ['npm', []]
  return new Promise((resolve, reject) => {
    const child = spawn(command, [...first, ...args], {
      cwd: ROOT,
      env: { ...process.env, npm_config_fetch_retries: '0', npm_config_update_notifier: 'false' },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let stdout = ''
    let stderr = ''
    child.stdout.on('data', (chunk) => {
      stdout += chunk
    })
    child.stderr.on('data', (chunk) => {
      stderr += chunk
    })
    const late = setTimeout(() => {
      child.kill('SIGKILL')
      resolve(null)
    }, deadlineMs)
    child.on('error', (error) => reject(new Error(`npm could not be started: ${error.message}`)))
    child.on('close', (code) => {
      clearTimeout(late)
      resolve({ code, stdout, stderr })
    })
  })
}
