import { hash } from 'node:crypto'
import { env } from '../server/env.ts'
import { PROBLEMS, type Problem } from './problem.ts'

export const API_BASE = '/api/v1'

/** RFC 9457. `type` leads to GET /problems, which lists every code. */
export function problemResponse(problem: Problem, requestId: string): Response {
  const body = {
    type: `${env.adminUrl}${API_BASE}/problems#${problem.code}`,
    title: PROBLEMS[problem.code].title,
    status: problem.status,
    detail: problem.message,
    code: problem.code,
    requestId,
    ...(problem.errors.length > 0 ? { errors: problem.errors } : {}),
    ...problem.extra,
  }
  return new Response(JSON.stringify(body), {
    status: problem.status,
    headers: { ...baseHeaders(requestId), 'content-type': 'application/problem+json', ...problem.headers },
  })
}

export function baseHeaders(requestId: string): Record<string, string> {
  return {
    'x-gatehouse-request-id': requestId,
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
  }
}

/** `"3"` of an object with a version; null of everything else. */
export function etagOf(body: unknown): string | null {
  const version = (body as { version?: unknown } | null | undefined)?.version
  return typeof version === 'number' ? `"${version}"` : null
}

/** Of what has no version of its own, such as a page of a list: weak, for it names the content and not a state. */
export function contentEtag(text: string): string {
  return `W/"${hash('sha256', text, 'base64url').slice(0, 27)}"`
}

/**
 * Whether a list of entity tags names this one. If-Match compares strongly, If-None-Match weakly (RFC 9110 §13.1).
 */
export function namesEtag(header: string, etag: string, comparison: 'strong' | 'weak'): boolean {
  if (header.trim() === '*') return true
  return header
    .split(',')
    .map((tag) => tag.trim())
    .some((tag) => tag === etag || (comparison === 'weak' && tag === `W/${etag}`))
}
