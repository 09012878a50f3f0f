import { builtinModules } from 'node:module'
import path from 'node:path'
import { build, type Metafile, stop } from 'esbuild'
import { UserError } from '../user-error.ts'
import { ROOT } from './fingerprint.ts'

/** The npm packages that may be inside the gateway; every further one is a decision. */
const PACKAGES = ['undici', 'zod', 'ipaddr.js', 'uuidv7', 'gpt-tokenizer']
const ROOMS = /^(gateway|lib\/contract)\//

export interface GatewayBuild {
  entry?: string
  /** Default true; false only looks at what would go in. */
  write?: boolean
  /** The tree's root; another one in tests. */
  root?: string
}

/** What runs in a thread of its own is a file of its own: its packages must not weigh on the gateway's start. */
const THREADS = { 'token-counter-thread': 'gateway/limits/token-counter-thread.ts' }

/** Bundles the gateway into one file, and one for each of its threads, and checks what went in. Throws UserError. */
export async function buildGateway({ entry, write, root = ROOT }: GatewayBuild = {}): Promise<Metafile> {
  const { metafile } = await build({
    entryPoints: entry ? { main: entry } : { main: path.join(root, 'gateway/main.ts'), ...THREADS },
    outdir: path.join(root, 'dist/gateway'),
    outExtension: { '.js': '.mjs' },
    write: write ?? true,
    absWorkingDir: root,
    bundle: true,
    platform: 'node',
    target: 'node24',
    format: 'esm',
    sourcemap: true,
    metafile: true,
    logLevel: 'silent',
    // CommonJS packages inside an ES module still ask for Node's own modules by require().
    banner: {
      js: `import { createRequire as createRequireOfBundle } from 'node:module';const require = createRequireOfBundle(import.meta.url);`,
    },
  }).catch((error: Error) => {
    throw new UserError(`The gateway could not be built:\n${error.message}`)
  })
  // Its service would live on beside us for as long as we run.
  await stop()
  const strangers = foreignInputs(metafile)
  if (strangers.length > 0) {
    throw new UserError(
      `The gateway bundle holds what it must not: ${strangers.slice(0, 5).join(', ')}. Only gateway/, lib/contract/ and the packages ${PACKAGES.join(', ')} may be in it.`,
    )
  }
  return metafile
}

/** The files and modules in a bundle that are neither the gateway's own rooms, nor its packages, nor Node's. */
export function foreignInputs(metafile: Metafile): string[] {
  const files = Object.keys(metafile.inputs).filter((file) => !ROOMS.test(file) && !isAllowedPackage(file))
  const modules = Object.values(metafile.outputs)
    .flatMap((output) => output.imports)
    .filter((imported) => imported.external && !isNodeModule(imported.path))
    .map((imported) => imported.path)
  return [...new Set([...files, ...modules])]
}

function isAllowedPackage(file: string): boolean {
  const inside = file.split('node_modules/').at(-1)
  return file.includes('node_modules/') && PACKAGES.some((name) => inside?.startsWith(`${name}/`))
}

function isNodeModule(specifier: string): boolean {
  return specifier.startsWith('node:') || NODE_MODULES.has(specifier.split('/')[0] ?? '')
}

const NODE_MODULES = new Set(builtinModules)
