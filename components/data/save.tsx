'use client'

import { useQueryClient } from '@tanstack/react-query'
import Link from 'next/link'
import { useCallback } from 'react'
import { toast } from 'sonner'
import { CopyButton } from '@/components/ui/copy-button'
import type { ConfigStatus } from '@/lib/resources/gateways/schema'
import { type ApiAnswer, ApiProblem } from './api'

/**
 * What follows a change: lists are read again, and a toast says "Saved" until every gateway serves it, or which refused it.
 * The shell feeds `noteConfigStatus` with what the live stream says.
 */
export function useSaved(): (
  answer: Pick<ApiAnswer<unknown>, 'revision' | 'applied'>,
  message: string,
) => void {
  const client = useQueryClient()
  return useCallback(
    (answer, message) => {
      void client.invalidateQueries({ queryKey: ['resource'] })
      const { revision, applied } = answer
      if (revision === null) {
        toast.success(message)
        return
      }
      if (applied && applied.gateways > 0 && applied.applied === applied.gateways) {
        toast.success(message, { description: liveText(applied.applied, applied.gateways) })
        return
      }
      if (applied && applied.gateways === 0) {
        toast.success(message, { description: 'Saved. No gateway is connected yet.' })
        return
      }
      const id = toast.loading(message, { description: 'Saved. Waiting for the gateways.', duration: 20_000 })
      waiting.set(id, { revision, message })
      // Whoever is not there after that long shows in the configuration pill.
      setTimeout(() => {
        if (waiting.delete(id)) toast.success(message, { id, description: 'Saved.', duration: 4_000 })
      }, 15_000)
    },
    [client],
  )
}

/** A failure that no form shows: what happened, what to do, and the request id to copy. It stays until it is closed. */
export function toastProblem(error: unknown, title: string): void {
  const problem = error instanceof ApiProblem ? error : null
  const requestId = problem?.requestId
  toast.error(title, {
    duration: Number.POSITIVE_INFINITY,
    closeButton: true,
    description: (
      <>
        {problem?.errors[0]?.message ??
          problem?.detail ??
          'Something went wrong in the browser. Reload the page.'}
        {requestId ? (
          <span className="mt-1 flex items-center gap-1 text-xs">
            Request <span className="font-mono break-all">{requestId}</span>
            <CopyButton text={requestId} what="request id" />
          </span>
        ) : null}
      </>
    ),
  })
}

export function noteConfigStatus(status: ConfigStatus): void {
  for (const [id, { revision, message }] of waiting) {
    if (status.revision < revision) continue
    const refused = status.refused.find((gateway) => gateway.revision >= revision)
    if (refused) {
      waiting.delete(id)
      toast.error(`${message}, but ${refused.hostname} refused it`, {
        id,
        duration: Number.POSITIVE_INFINITY,
        closeButton: true,
        description: (
          <>
            {refused.reason} The revision before stays in force.{' '}
            <Link href="/revisions" className="underline">
              See revisions
            </Link>
          </>
        ),
      })
    } else if (status.gateways > 0 && status.applied === status.gateways) {
      waiting.delete(id)
      toast.success(message, { id, description: liveText(status.applied, status.gateways), duration: 4_000 })
    }
  }
}

function liveText(applied: number, gateways: number): string {
  return `Live on ${applied}/${gateways} ${gateways === 1 ? 'gateway' : 'gateways'}`
}

const waiting = new Map<string | number, { revision: number; message: string }>()
