/** The admin's side of the control channel: one function for each address below `/api/control`. */
import 'server-only'
import type { z } from 'zod'
import { isCollision, isDatabaseAway } from '../api/database-errors.ts'
import {
  acknowledgement,
  type LeaseAnswer,
  leaseRenewal,
  OLDEST_PROTOCOL,
  probeResult,
  simulationResult,
  spentQuery,
  streamQuery,
  type UsageReceipt,
  usageBatch,
} from '../contract/control.ts'
import { alertWatch } from '../resources/budgets/alert-watch.ts'
import { pool } from '../server/db.ts'
import { BadBatch, ingest } from '../usage/ingest.ts'
import { answerSpent } from '../usage/spent.ts'
import { leaseCounters } from './counters-lease.ts'
import { acknowledge, renewLease, tooOld } from './fleet.ts'
import { isGateway } from './gateway-token.ts'
import { publishingRuntime } from './runtime.ts'

const MAX_SMALL_BODY_BYTES = 256 * 1_024
/** 1,000 subjects with money held, of which few have long names. */
const MAX_LEASE_BODY_BYTES = 1_024 * 1_024
/** 1,000 events, of which few are large. */
const MAX_BATCH_BODY_BYTES = 64 * 1_024 * 1_024

export const answerStream = guarded(async (request) => {
  const query = streamQuery.safeParse(Object.fromEntries(new URL(request.url).searchParams))
  if (!query.success) return invalid(query.error)
  return new Response(publishingRuntime().streams.open(query.data, request.signal), {
    headers: {
      'content-type': 'application/x-ndjson',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    },
  })
})

export const answerAcknowledgement = guarded(async (request) => {
  const body = await parsed(request, acknowledgement, MAX_SMALL_BODY_BYTES)
  if (body instanceof Response) return body
  await acknowledge(pool, body)
  return new Response(null, { status: 204 })
})

export const answerLease = guarded(async (request) => {
  const body = await parsed(request, leaseRenewal, MAX_LEASE_BODY_BYTES)
  if (body instanceof Response) return body
  if (body.protocol < OLDEST_PROTOCOL) return failure(409, tooOld(body.protocol))
  await renewLease(pool, body)
  const answer: LeaseAnswer = { counters: await leaseCounters(pool, body) }
  return Response.json(answer)
})

export const answerUsage = guarded(async (request) => {
  const body = await parsed(request, usageBatch, MAX_BATCH_BODY_BYTES)
  if (body instanceof Response) return body
  try {
    const receipt: UsageReceipt = await ingest(pool, body)
    alertWatch().booked(body.events)
    return Response.json(receipt)
  } catch (error) {
    if (error instanceof BadBatch) return failure(400, error.message)
    throw error
  }
})

export const answerSpentQuery = guarded(async (request) => {
  const body = await parsed(request, spentQuery, MAX_SMALL_BODY_BYTES)
  if (body instanceof Response) return body
  return Response.json(await answerSpent(pool, body))
})

export const answerProbe = guarded(async (request) => {
  const body = await parsed(request, probeResult, MAX_SMALL_BODY_BYTES)
  if (body instanceof Response) return body
  await publishingRuntime().questions.answered(body.probeId, body)
  return new Response(null, { status: 204 })
})

export const answerSimulation = guarded(async (request) => {
  const body = await parsed(request, simulationResult, MAX_SMALL_BODY_BYTES)
  if (body instanceof Response) return body
  await publishingRuntime().questions.answered(body.askId, body)
  return new Response(null, { status: 204 })
})

type Handler = (request: Request) => Promise<Response>

/** Lets gateways in alone, and turns a database that is away into a 503. */
function guarded(handler: Handler): Handler {
  return async (request) => {
    if (!isGateway(request)) {
      return failure(
        401,
        'The gateway token is missing or wrong: set GATEHOUSE_GATEWAY_TOKEN as the admin has it.',
      )
    }
    try {
      return await handler(request)
    } catch (error) {
      console.error(`${new URL(request.url).pathname} failed: ${(error as Error).message}`)
      return isDatabaseAway(error) || isCollision(error)
        ? failure(503, 'The database does not answer; try again.', { 'retry-after': '1' })
        : failure(500, 'The admin failed; its log says why.')
    }
  }
}

/** The body as the schema has it, or the answer that refuses it. */
async function parsed<T extends z.ZodType>(
  request: Request,
  schema: T,
  maxBytes: number,
): Promise<z.output<T> | Response> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of request.body ?? []) {
    size += chunk.byteLength
    if (size > maxBytes) return failure(413, `The body exceeds ${maxBytes} bytes.`)
    chunks.push(chunk)
  }
  let value: unknown
  try {
    value = JSON.parse(Buffer.concat(chunks).toString('utf8'))
  } catch {
    return failure(400, 'The body is not JSON.')
  }
  const result = schema.safeParse(value)
  return result.success ? result.data : invalid(result.error)
}

function invalid(error: z.ZodError): Response {
  const issues = error.issues
    .slice(0, 5)
    .map((issue) => `${issue.path.join('.') || 'the whole'}: ${issue.message}`)
  return failure(400, issues.join('; '))
}

function failure(status: number, reason: string, headers: Record<string, string> = {}): Response {
  return Response.json({ reason }, { status, headers: { 'cache-control': 'no-store', ...headers } })
}
