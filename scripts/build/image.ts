import { cpSync, existsSync, mkdirSync, rmSync } from 'node:fs'
import path from 'node:path'
import { build, stop } from 'esbuild'
import { UserError } from '../user-error.ts'
import { ROOT } from './fingerprint.ts'
import { BUILD_STEPS } from './product.ts'
import { runTool } from './run-tool.ts'

/** What the two images hold beside Node: the Dockerfile copies these folders and nothing else. */
export const IMAGE_FOLDERS = { admin: 'dist/image/admin', gateway: 'dist/image/gateway' }

/** Beside the console of `npm start`, which may be running. */
const NEXT_FOLDER = '.next-image'

/** Next's image service, which the console has switched off: a third of the packages. */
const NOT_NEEDED = ['sharp', '@img']

/** `npm run build -- image`: makes both folders anew. Throws UserError. */
export async function buildImages(): Promise<void> {
  rmSync(path.join(ROOT, 'dist/image'), { recursive: true, force: true })
  await BUILD_STEPS.client()
  await BUILD_STEPS.gateway()
  for (const file of ['main.mjs', 'main.mjs.map', 'token-counter-thread.mjs'])
    copy(`dist/gateway/${file}`, `${IMAGE_FOLDERS.gateway}/${file}`)
  await runTool('next', ['build'], {
    ...process.env,
    NODE_ENV: 'production',
    NEXT_TELEMETRY_DISABLED: '1',
    NEXT_DIST_DIR: NEXT_FOLDER,
    NEXT_OUTPUT: 'standalone',
  })
  const { admin } = IMAGE_FOLDERS
  copy(`${NEXT_FOLDER}/standalone`, admin)
  for (const name of NOT_NEEDED)
    rmSync(path.join(ROOT, admin, 'node_modules', name), { recursive: true, force: true })
  // A standalone build leaves these two to a content network.
  copy(`${NEXT_FOLDER}/static`, `${admin}/${NEXT_FOLDER}/static`)
  if (existsSync(path.join(ROOT, 'public'))) copy('public', `${admin}/public`)
  copy('prisma/migrations', `${admin}/prisma/migrations`)
  await bundleAdminProgram(path.join(ROOT, admin, 'main.mjs'))
}

/** What the image of the admin starts, in one file. */
export async function bundleAdminProgram(outfile: string): Promise<void> {
  await build({
    entryPoints: [path.join(ROOT, 'scripts/start/image-admin.ts')],
    outfile,
    absWorkingDir: ROOT,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    logLevel: 'silent',
    external: ['pg-native'],
    banner: {
      js: `import { createRequire as createRequireOfBundle } from 'node:module';const require = createRequireOfBundle(import.meta.url);`,
    },
  }).catch((error: Error) => {
    throw new UserError(`The program of the admin's image could not be built:\n${error.message}`)
  })
  await stop()
}

function copy(from: string, to: string): void {
  mkdirSync(path.dirname(path.join(ROOT, to)), { recursive: true })
  cpSync(path.join(ROOT, from), path.join(ROOT, to), { recursive: true, verbatimSymlinks: true })
}
