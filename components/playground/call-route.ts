/** A call from the browser to the gateway, as any caller makes it: by key, with the limits and budgets of that key. */
import { GATEWAY_ADVICE } from '@/components/api-reference/error-advice'
import { type Answer, isBegun, NO_ANSWER, withPart } from './answer'
import type { ChatBody } from './chat-request'
import { eventData } from './event-data'
import { decisionOf, type RouteDecision } from './route-decision'
import type { Timing } from './speed'

export interface CallProblem {
  /** Null where the answer had begun, or nobody answered. */
  readonly status: number | null
  readonly code: string | null
  readonly message: string
  readonly advice: string | null
  readonly requestId: string | null
  readonly retryAfterSeconds: number | null
}

export interface CallProgress {
  /** `failed`: with or without a part of the answer. */
  readonly phase: 'waiting' | 'answering' | 'done' | 'stopped' | 'failed'
  readonly stream: boolean
  readonly answer: Answer
  readonly decision: RouteDecision | null
  readonly timing: Timing
  readonly problem: CallProblem | null
}

export interface CallInput {
  /** Of the deployment, without `/v1`. */
  readonly gatewayUrl: string
  readonly apiKey: string
  readonly body: ChatBody
  readonly signal: AbortSignal
  /** Milliseconds that never go back. */
  readonly now: () => number
  readonly onProgress: (progress: CallProgress) => void
}

/** Tells how the call goes until it has ended; whatever happens is told, never thrown. */
export async function callRoute({
  gatewayUrl,
  apiKey,
  body,
  signal,
  now,
  onProgress,
}: CallInput): Promise<void> {
  let progress: CallProgress = {
    phase: 'waiting',
    stream: body.stream === true,
    answer: NO_ANSWER,
    decision: null,
    timing: { startedAt: now(), firstTokenAt: null, endedAt: null },
    problem: null,
  }
  const tell = (part: Partial<CallProgress>) => {
    progress = { ...progress, ...part }
    onProgress(progress)
  }
  const end = (phase: CallProgress['phase'], problem: CallProblem | null = null) =>
    tell({ phase, problem, timing: { ...progress.timing, endedAt: now() } })
  const take = (part: unknown) => {
    const answer = withPart(progress.answer, part)
    const { timing } = progress
    const isFirst = timing.firstTokenAt === null && isBegun(answer)
    tell({ phase: 'answering', answer, timing: isFirst ? { ...timing, firstTokenAt: now() } : timing })
  }
  tell({})
  try {
    const response = await fetch(`${gatewayUrl}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
      credentials: 'omit',
      cache: 'no-store',
      signal,
    })
    const decision = decisionOf(response.headers)
    tell({ decision })
    const { requestId } = decision
    if (!response.ok) return end('failed', await problemOf(response, requestId))
    if (!response.headers.get('content-type')?.startsWith('text/event-stream') || !response.body) {
      take(await response.json())
      return end('done')
    }
    for await (const data of eventData(response.body)) {
      if (data === '[DONE]') return end('done')
      const part: unknown = JSON.parse(data)
      const problem = streamProblem(part, requestId)
      if (problem) return end('failed', problem)
      take(part)
    }
    end('failed', { ...BROKEN_OFF, requestId })
  } catch {
    if (signal.aborted) return end('stopped')
    const requestId = progress.decision?.requestId ?? null
    end('failed', progress.decision ? { ...BROKEN_OFF, requestId } : unreachable(gatewayUrl))
  }
}

const BROKEN_OFF = {
  status: null,
  code: null,
  message: 'The answer broke off before its end.',
  advice: 'What had come until then is booked: the receipt has it. Send again for a whole answer.',
  retryAfterSeconds: null,
} as const

function unreachable(gatewayUrl: string): CallProblem {
  return {
    status: null,
    code: null,
    message: `The gateway at ${gatewayUrl} did not answer, or does not let this page call it.`,
    advice:
      'See under Gateways whether one is ready. It answers pages of GATEHOUSE_ADMIN_URL alone, and is looked for at GATEHOUSE_GATEWAY_URL: both processes need both.',
    requestId: null,
    retryAfterSeconds: null,
  }
}

async function problemOf(response: Response, requestId: string | null): Promise<CallProblem> {
  const told = errorOf(await response.json().catch(() => null))
  const wait = response.headers.get('retry-after')
  return {
    status: response.status,
    code: told?.code ?? null,
    message: told?.message ?? `The gateway answered ${response.status} without a reason.`,
    advice: adviceOn(told?.code ?? null),
    requestId,
    retryAfterSeconds: wait !== null && /^\d+$/.test(wait) ? Number(wait) : null,
  }
}

/** After the first token an error is an event, and nothing comes after it. */
function streamProblem(part: unknown, requestId: string | null): CallProblem | null {
  const told = errorOf(part)
  if (!told) return null
  return { ...told, status: null, advice: adviceOn(told.code), requestId, retryAfterSeconds: null }
}

function errorOf(body: unknown): { code: string | null; message: string } | null {
  const { error } = (body ?? {}) as { error?: { message?: unknown; code?: unknown } | null }
  if (typeof error?.message !== 'string') return null
  return { message: error.message, code: typeof error.code === 'string' ? error.code : null }
}

function adviceOn(code: string | null): string | null {
  return code === null ? null : ((GATEWAY_ADVICE as Readonly<Record<string, string>>)[code] ?? null)
}
