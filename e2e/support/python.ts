import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import path from 'node:path'

/** Kept between runs: making it takes most of a minute. */
const VENV = path.join(import.meta.dirname, '../../.cache/python-openai')
const MADE = path.join(VENV, 'bin/python')
const MAKING_MS = 240_000

/**
 * A Python that can import the official SDK: the system's own, or one in a scratch environment that pip fills.
 * @returns its program, or why there is none.
 */
export function pythonWithOpenAi(): { program: string } | { missing: string } {
  for (const program of ['python3', MADE]) if (imports(program)) return { program }
  if (!run('python3', ['--version'])) return { missing: 'python3 is not here' }
  // What an interrupted run left is made anew.
  if (!run('python3', ['-m', 'venv', '--clear', VENV])) return { missing: 'python3 has no venv' }
  const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-input', 'openai']
  if (!run(MADE, install)) return { missing: 'pip could not install the package openai' }
  return imports(MADE) ? { program: MADE } : { missing: 'the package openai does not load' }
}

function imports(program: string): boolean {
  return (program === 'python3' || existsSync(program)) && run(program, ['-c', 'import openai'])
}

function run(program: string, args: string[]): boolean {
  return spawnSync(program, args, { stdio: 'ignore', timeout: MAKING_MS }).status === 0
}
