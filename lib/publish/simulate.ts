import 'server-only'
import { problem } from '../api/problem.ts'
import type { SimulationResult } from '../contract/control.ts'
import type { SimulatedCall, Simulation } from '../contract/simulation.ts'
import { publishingRuntime } from './runtime.ts'

const TIMEOUT_MS = 5_000

/**
 * Asks a gateway what would become of a call, by the code that real calls take. Nothing is sent to a vendor.
 * @throws Problem 400 with what the gateway minds, 503 when none is there or answers.
 */
export async function simulate(call: SimulatedCall): Promise<Simulation> {
  const result = await publishingRuntime().questions.ask(
    (askId) => ({ kind: 'simulate', askId, call }),
    TIMEOUT_MS,
  )
  if (result === 'noGateway')
    throw problem(
      'gateway_unavailable',
      'No gateway is connected: a simulation runs on one. Start a gateway.',
    )
  if (result === 'timeout') {
    throw problem(
      'gateway_unavailable',
      `No gateway answered within ${TIMEOUT_MS / 1_000} seconds; one that is older than this release does not know the question.`,
    )
  }
  const { simulation, problem: minded } = result.answer as SimulationResult
  if (simulation) return simulation
  const message = minded?.message ?? 'The gateway could not say.'
  throw problem(
    'invalid_request',
    message,
    minded?.param ? [{ path: `request.${minded.param}`, message }] : [],
  )
}
