/** What an admin asks over the control channel and gets an answer to: a test of a connection, a simulated call. */
import { controlMessage, type ProbeResult, type SimulationResult } from '../../lib/contract/control.ts'
import type { ProviderEntity } from '../../lib/contract/entities.ts'
import type { SimulatedCall, Simulation } from '../../lib/contract/simulation.ts'
import { GatewayError } from '../gateway-error.ts'
import type { Log } from '../telemetry/log.ts'
import type { AdminClient } from './admin-client.ts'

export type ProbeOutcome = Omit<ProbeResult, 'gatewayId' | 'probeId'>

export interface AnsweringOptions {
  readonly admin: AdminClient
  readonly gatewayId: string
  readonly log: Log
  readonly probe: (options: {
    provider: ProviderEntity
    model: string | undefined
    timeoutMs: number
  }) => Promise<ProbeOutcome>
  /** @throws GatewayError that says what is wrong with the call. */
  readonly simulate: (call: SimulatedCall) => Simulation
}

const MAX_PROBES = 4

/** Takes messages of kind `probe` and `simulate`, and sends what comes of them within `postTimeoutMs`. */
export function createAnswering(
  { admin, gatewayId, log, probe, simulate }: AnsweringOptions,
  postTimeoutMs: number,
): (message: unknown) => void {
  let probes = 0

  const send = (path: string, body: ProbeResult | SimulationResult) =>
    admin.post(path, JSON.stringify(body), postTimeoutMs).then(
      ({ status }) => status >= 300 && log('warn', 'control.answer_refused', { path, status }),
      (error: unknown) => log('warn', 'control.answer_not_sent', { path, error }),
    )

  async function runProbe(provider: ProviderEntity, model: string | undefined, timeoutMs: number) {
    if (probes >= MAX_PROBES)
      return failedProbe('The gateway is busy with other tests; try again in a moment.')
    probes += 1
    try {
      return await probe({ provider, model, timeoutMs })
    } catch (error) {
      log('error', 'control.probe_failed', { providerId: provider.id, error })
      return failedProbe('The gateway failed to make the test.')
    } finally {
      probes -= 1
    }
  }

  function runSimulation(call: SimulatedCall): Pick<SimulationResult, 'simulation' | 'problem'> {
    try {
      return { simulation: simulate(call), problem: null }
    } catch (error) {
      if (error instanceof GatewayError)
        return { simulation: null, problem: { message: error.message.slice(0, 2_000), param: error.param } }
      log('error', 'control.simulation_failed', { routeId: call.routeId, error })
      return {
        simulation: null,
        problem: { message: 'The gateway failed to simulate the call.', param: null },
      }
    }
  }

  return (message) => {
    const asked = controlMessage.safeParse(message)
    if (asked.data?.kind === 'probe') {
      const { probeId, provider, model, timeoutMs } = asked.data
      void runProbe(provider, model, timeoutMs).then((outcome) =>
        send('/api/control/probe', { gatewayId, probeId, ...outcome }),
      )
    } else if (asked.data?.kind === 'simulate') {
      const { askId, call } = asked.data
      void send('/api/control/simulation', { gatewayId, askId, ...runSimulation(call) })
    } else log('warn', 'control.bad_question')
  }
}

function failedProbe(message: string): ProbeOutcome {
  return { ok: false, message, status: null, code: 'internal_error', latencyMs: 0, models: [] }
}
