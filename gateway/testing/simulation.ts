/** For tests: a call to simulate, and an answer to that. */
import type { SimulatedCall, Simulation } from '../../lib/contract/simulation.ts'

export const simulatedCall = (fields: Partial<SimulatedCall> & { routeId: string }): SimulatedCall => ({
  request: { messages: [{ role: 'user', content: 'hi' }] },
  stream: false,
  inputTokens: 0,
  teamId: null,
  consumerId: null,
  keyId: null,
  endUser: null,
  tags: {},
  headers: {},
  at: null,
  ...fields,
})

export const EMPTY_SIMULATION: Simulation = {
  revision: 1,
  target: null,
  wanted: null,
  why: ['No target is left to ask now.'],
  fallbacks: [],
  furtherTries: 2,
  waitMs: null,
  inputTokens: 8,
  policies: [],
}
