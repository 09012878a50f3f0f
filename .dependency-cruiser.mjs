// Which room may import which: the table "Rooms" of ARCHITECTURE.md on resolved paths. Every rule is an error and
// scripts/import-rules.test.ts plants a violation of each. `npm run check` also asserts that modules were read.
const GATEWAY_PACKAGES = '^node_modules/(undici|zod|ipaddr\\.js|uuidv7|gpt-tokenizer)/'
const TESTS = '\\.test\\.tsx?$'
const TEST_SUPPORT = ['/testing/', '/testing\\.ts$', '/testing-[a-z-]+\\.ts$']

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'no-circular',
      comment: 'Two files that need each other are one file, or three.',
      severity: 'error',
      // The generated client is as Prisma writes it. A cycle of types alone is gone when it runs.
      from: { pathNot: '^lib/server/generated/' },
      to: { circular: true, viaOnly: { dependencyTypesNot: ['type-only'] } },
    },
    {
      name: 'no-unresolvable',
      comment: 'An import that leads nowhere also escapes every rule below.',
      severity: 'error',
      from: {},
      to: { couldNotResolve: true, pathNot: '^(server-only|next/|@/app/)' },
    },
    {
      name: 'gateway-stands-alone',
      comment: 'The data plane outlives the control plane: it shares nothing with it but the contract.',
      severity: 'error',
      from: { path: '^gateway/', pathNot: TESTS },
      to: { pathNot: ['^gateway/', '^lib/contract/', GATEWAY_PACKAGES], dependencyTypesNot: ['core'] },
    },
    {
      name: 'gateway-tests-stand-alone',
      comment:
        "The gateway's tests see the gateway; the admin's side of the wire is a fake in gateway/testing.",
      severity: 'error',
      from: { path: `^gateway/.*${TESTS}` },
      to: { path: '^(app|components|e2e|bench|lib/(?!contract/))' },
    },
    {
      name: 'contract-is-pure',
      comment: 'Both sides load it: zod, the arithmetic of addresses and its own room; no IO.',
      severity: 'error',
      from: { path: '^lib/contract/', pathNot: TESTS },
      to: { pathNot: ['^lib/contract/', '^node_modules/(zod|ipaddr\\.js)/', '^(node:)?crypto$'] },
    },
    {
      name: 'format-is-pure',
      comment: 'Shared by screens and files: nothing but the contract beneath it.',
      severity: 'error',
      from: { path: '^lib/format/', pathNot: TESTS },
      to: { pathNot: ['^lib/(format|contract)/', '^node_modules/zod/'] },
    },
    {
      name: 'components-stay-in-the-browser',
      comment: 'What components import is shipped to the browser.',
      severity: 'error',
      from: { path: '^components/' },
      to: {
        path: [
          '^lib/(server|publish|usage|live|api)/',
          '^lib/resources/.*/(operations|snapshot)',
          '^gateway/',
          '^app/',
        ],
      },
    },
    {
      name: 'primitives-know-no-nouns',
      comment: 'components/ui can be used for any noun, as it knows none.',
      severity: 'error',
      from: { path: '^components/ui/' },
      to: { path: ['^lib/resources/', '^components/(?!ui/)'] },
    },
    {
      name: 'app-without-gateway',
      comment: 'The admin reaches gateways over the wire only.',
      severity: 'error',
      from: { path: '^app/' },
      to: { path: '^gateway/' },
    },
    {
      name: 'lib-below-app',
      comment: 'Arrows point inward.',
      severity: 'error',
      from: { path: '^lib/' },
      to: { path: '^(app|components|gateway|e2e|bench)/' },
    },
    {
      name: 'one-door-to-the-database',
      comment: 'lib/server/db.ts alone knows the generated client, so that it alone decides how it connects.',
      severity: 'error',
      from: { pathNot: ['^lib/server/db\\.ts$', '^lib/server/generated/'] },
      to: { path: '^lib/server/generated/' },
    },
    {
      name: 'black-box',
      comment: 'e2e and bench see the product as its users do: over the network.',
      severity: 'error',
      from: { path: '^(e2e|bench)/' },
      to: { path: '^(app|components|lib|gateway)/' },
    },
    {
      name: 'testing-is-for-tests',
      comment: 'What tests share never reaches the product.',
      severity: 'error',
      from: { path: '^(app|components|lib|gateway)/', pathNot: [TESTS, ...TEST_SUPPORT] },
      to: { path: TEST_SUPPORT, pathNot: '^(node_modules|scripts|e2e)/' },
    },
    {
      name: 'scripts-are-not-the-product',
      comment: 'Nothing that is served depends on what starts or tests it.',
      severity: 'error',
      // A room's testing.ts is what its tests share.
      from: { path: '^(app|components|lib|gateway)/', pathNot: [TESTS, ...TEST_SUPPORT] },
      to: { path: '^(scripts|e2e|bench)/' },
    },
  ],
  options: {
    doNotFollow: { path: ['node_modules'] },
    exclude: { path: ['^node_modules/.*\\.d\\.ts$', '^\\.next', '^dist/'] },
    // TypeScript 7 has no compiler interface that it could use; with any other parser it reads no module at all.
    parser: 'swc',
    tsPreCompilationDeps: true,
    webpackConfig: { fileName: './scripts/checks/resolve.cjs' },
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.tsx', '.mjs', '.js', '.json', '.css'],
    },
  },
}
