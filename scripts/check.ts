import { runTool } from './build/run-tool.ts'
import { CHECKS, prepareChecks, report } from './checks/checks.ts'

/** `npm run check`: everything that needs neither a database nor a browser. */
await prepareChecks()
let failed = 0
const unit = {
  name: 'unit tests',
  async run() {
    await runTool('vitest', ['run', '--project', 'unit', '--reporter=dot'])
    return ''
  },
}
for (const check of [...CHECKS.slice(0, -1), unit, ...CHECKS.slice(-1)])
  failed += (await report(check)) ? 0 : 1
process.exitCode = failed > 0 ? 1 : 0
