/** For tests: a whole gateway inside the test's own process, on a machine whose clock and disk the test holds. */
import { type Gateway, type Machine, startGateway } from '../gateway.ts'
import { readSettings } from '../settings.ts'
import { createLog } from '../telemetry/log.ts'
import type { GatewayRig } from './gateway-rig.ts'

export interface InProcessGateway extends Gateway {
  /** Everything that it logged so far. */
  output(): string
}

export async function startInProcess(rig: GatewayRig, machine?: Machine): Promise<InProcessGateway> {
  let output = ''
  const log = createLog((line) => {
    output += line
  }, Date.now)
  const gateway = await startGateway(
    readSettings({ ...rig.env, HOST: '127.0.0.1', GATEHOUSE_DRAIN_MS: '0' }),
    log,
    machine,
  )
  return { ...gateway, output: () => output }
}
