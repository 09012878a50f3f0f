/** `POST /routes/{id}/simulate`: what a gateway would do with a call, and why. */
import { z } from 'zod'
import { ADMINS } from '../../api/actor.ts'
import { type Context, operation } from '../../api/operation.ts'
import { invalidField, problem } from '../../api/problem.ts'
import { type SimulatedCall, simulation } from '../../contract/simulation.ts'
import { simulate } from '../../publish/simulate.ts'
import { pool } from '../../server/db.ts'
import { findReceipt } from '../../usage/calls.ts'
import { resourceId, timestamp } from '../fields.ts'
import { idParams } from '../rows.ts'
import { simulatedHeaders, simulatedTags } from './simulated-names.ts'

const MAX_REQUEST_BYTES = 200_000

const simulationInput = z
  .strictObject({
    request: z
      .record(z.string(), z.unknown())
      .optional()
      .describe('A chat request as a client would send it; `model` may be left out'),
    callId: z
      .string()
      .max(60)
      .optional()
      .describe('Instead: a past call. Its size, its tags and whose it was are known, not what it said'),
    keyId: resourceId.optional().describe('Whose call it is; default: nobody’s, or the past call’s'),
    endUser: z.string().min(1).max(200).optional(),
    tags: simulatedTags.optional(),
    headers: simulatedHeaders.optional(),
    at: timestamp
      .optional()
      .describe(
        'When it is asked; default: now. Times of day, prices and periods of budgets are those of then, how targets do and what limits count is as it is now',
      ),
  })
  .refine(({ request, callId }) => (request === undefined) !== (callId === undefined), {
    path: ['request'],
    message: 'send a request, or the id of a past call',
  })
type SimulationInput = z.output<typeof simulationInput>

export const simulateRoute = operation({
  id: 'routes.simulate',
  method: 'POST',
  path: '/routes/{id}/simulate',
  summary: 'Say what would become of a call on a route',
  description:
    'A gateway answers, by the code that real calls take and by how the targets do now: the target and why, the fallbacks in order, the limits and budgets that would count it, and the estimated cost. Nothing is sent to a provider and nothing is counted.',
  tag: 'Routes',
  permission: { scope: 'routes:read', roles: [...ADMINS, 'finance', 'viewer'] },
  mode: 'read',
  params: idParams,
  body: simulationInput,
  response: simulation,
  async run(context, { params, body }) {
    const route = await context.db.route.findUnique({ where: { id: params.id }, select: { id: true } })
    if (!route) throw problem('not_found', 'There is no such route.')
    if (body.request && JSON.stringify(body.request).length > MAX_REQUEST_BYTES)
      throw invalidField('request', `is longer than ${MAX_REQUEST_BYTES} bytes`)
    return simulate(await callOf(context, params.id, body))
  },
})

async function callOf(context: Context, routeId: string, body: SimulationInput): Promise<SimulatedCall> {
  const past = body.callId === undefined ? null : await findReceipt(pool, body.callId, context.rowScope())
  if (body.callId !== undefined && !past) throw invalidField('callId', 'there is no such call')
  const owner =
    body.keyId === undefined
      ? { keyId: past?.keyId ?? null, consumerId: past?.consumerId ?? null, teamId: past?.teamId ?? null }
      : await ownerOf(context, body.keyId)
  const headers = Object.entries(body.headers ?? {}).map(([name, value]) => [name.toLowerCase(), value])
  return {
    routeId,
    request: body.request ?? null,
    stream: past?.stream ?? false,
    inputTokens: past?.usage.inputTokens ?? 0,
    ...owner,
    endUser: body.endUser ?? past?.endUser ?? null,
    tags: body.tags ?? past?.tags ?? {},
    headers: Object.fromEntries(headers),
    at: body.at === undefined ? null : Date.parse(body.at),
  }
}

async function ownerOf({ db }: Context, keyId: string) {
  const key = await db.apiKey.findUnique({
    where: { id: keyId },
    select: { consumer: { select: { id: true, teamId: true } } },
  })
  if (!key) throw invalidField('keyId', 'there is no such key')
  return { keyId, consumerId: key.consumer.id, teamId: key.consumer.teamId }
}
