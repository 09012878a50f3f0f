/**
 * What would become of a call: the plan that a real one would have, rehearsed. No attempt is made from it, nobody's turn
 * is taken, nothing is held, and the books hear nothing.
 */
import type { LimitEntity } from '../../lib/contract/entities.ts'
import { formatUsd } from '../../lib/contract/money.ts'
import type { ScopeSubjects } from '../../lib/contract/policy.ts'
import type {
  SimulatedCall,
  SimulatedPolicy,
  SimulatedTarget,
  Simulation,
} from '../../lib/contract/simulation.ts'
import type { Clock } from '../clock.ts'
import { parseChatRequest } from '../dialects/openai-chat-request.ts'
import { GatewayError } from '../gateway-error.ts'
import { type Applied, isBudget, policiesOfAttempt, policiesOfCall } from '../limits/applicable.ts'
import type { Counters } from '../limits/counters.ts'
import { amountOf } from '../limits/policing.ts'
import type { CompiledRoute, CompiledTarget, Configuration, KeyOwner } from '../snapshot/configuration.ts'
import type { Asked } from './asked.ts'
import type { Balancer } from './balancer.ts'
import { estimatedCost } from './cheapest.ts'

export interface SimulationSurroundings {
  readonly configuration: Configuration | null
  readonly balancer: Balancer
  readonly counters: Counters
  readonly clock: Clock
}

/** @throws GatewayError with what is wrong with the request, or when the route is not here. */
export function simulate(
  { configuration, balancer, counters, clock }: SimulationSurroundings,
  call: SimulatedCall,
): Simulation {
  const compiled = configuration?.routeById(call.routeId)
  if (!configuration || !compiled) {
    throw new GatewayError('model_not_found', {
      message: 'The gateway does not have this route: it may not have this revision yet.',
    })
  }
  const at = call.at ?? clock.now()
  const subjects = subjectsOf(call)
  const asked: Asked = {
    chat: chatOf(call, compiled),
    subjects,
    at,
    configuration,
    headers: call.headers,
    counters,
  }
  const plan = balancer.rehearse(compiled, asked)
  const first = plan.next()
  const target = typeof first === 'object' ? first : null
  const wanted = target && plan.wantedFor(target)
  const why = plan.why(target)
  const told = (one: CompiledTarget): SimulatedTarget => ({
    providerId: one.provider.id,
    providerName: one.provider.name,
    model: one.model,
    priority: one.priority,
    group: one.group,
    estimatedCostUsd: usdOrNull(estimatedCost(one, asked, compiled)),
  })
  const fallbacks: CompiledTarget[] = []
  while (target) {
    const next = plan.next()
    if (next === null || typeof next === 'number' || next === target || fallbacks.includes(next)) break
    fallbacks.push(next)
  }
  const applied = target ? policiesFor(configuration, compiled, target, call, subjects) : []
  return {
    revision: configuration.revision,
    target: target && told(target),
    wanted: wanted && told(wanted),
    why,
    fallbacks: fallbacks.map(told),
    furtherTries: compiled.route.retries.attempts,
    waitMs: typeof first === 'number' ? Math.ceil(first) : null,
    inputTokens: asked.chat.estimatedInputTokens,
    policies: applied.map((one) => toldPolicy(one, counters, at)),
  }
}

function chatOf({ request, stream, inputTokens }: SimulatedCall, { route }: CompiledRoute): Asked['chat'] {
  if (request === null)
    return { stream, maxOutputTokens: null, estimatedInputTokens: inputTokens, fields: {} }
  return parseChatRequest(Buffer.from(JSON.stringify({ stream, ...request, model: route.name })))
}

function subjectsOf({ teamId, consumerId, keyId, endUser, routeId, tags }: SimulatedCall): ScopeSubjects {
  return { teamId, consumerId, keyId, endUser, routeId, tags, providerId: null, model: null }
}

function policiesFor(
  { policies }: Configuration,
  compiled: CompiledRoute,
  target: CompiledTarget,
  call: SimulatedCall,
  subjects: ScopeSubjects,
): readonly Applied[] {
  const owner = ownerOf(call)
  return [
    ...policiesOfCall(policies, owner, compiled, subjects).onAdmission,
    ...policiesOfAttempt(policies, owner, compiled, target, subjects),
  ]
}

/** Policies go by ids alone. */
function ownerOf({ teamId, consumerId, keyId }: SimulatedCall): KeyOwner {
  const team = { type: 'team', id: teamId ?? '', name: '' } as const
  const consumer = {
    type: 'consumer',
    id: consumerId ?? '',
    teamId: team.id,
    name: '',
    enabled: true,
  } as const
  const key = {
    type: 'key',
    id: keyId ?? '',
    consumerId: consumer.id,
    userId: null,
    hash: '',
    previousHash: null,
    previousUntil: null,
    expiresAt: null,
    allowedRoutes: null,
    allowedToolsets: null,
  } as const
  return { team, consumer, key }
}

function toldPolicy(applied: Applied, counters: Counters, at: number): SimulatedPolicy {
  const { policy, subject } = applied
  const counted = { id: policy.id, name: policy.name, subject }
  if (isBudget(applied)) {
    const { spent, held } = counters.money(applied.keyAt(at))
    return {
      type: 'budget',
      ...counted,
      amountUsd: formatUsd(amountOf(applied.policy, at)),
      spentUsd: formatUsd(spent),
      heldUsd: formatUsd(held),
      enforcement: applied.policy.enforcement,
    }
  }
  const { metric, windowSeconds } = applied.policy
  return {
    type: 'limit',
    ...counted,
    metric,
    limit: inUnit(metric, applied.limit),
    used: inUnit(metric, counters.used(applied.key, applied.windowMs).used),
    windowSeconds,
    ofVendor: applied.vendor !== null,
  }
}

const inUnit = (metric: LimitEntity['metric'], amount: bigint): string =>
  metric === 'costUsd' ? formatUsd(amount) : amount.toString()
const usdOrNull = (pico: bigint | null): string | null => (pico === null ? null : formatUsd(pico))
