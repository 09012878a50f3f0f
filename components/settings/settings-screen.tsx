'use client'

import { useQuery, useQueryClient } from '@tanstack/react-query'
import { LogOut } from 'lucide-react'
import { useState } from 'react'
import { z } from 'zod'
import { ApiProblem, apiGet, apiSend } from '@/components/data/api'
import type { Page } from '@/components/data/collection'
import { useMe } from '@/components/data/me'
import { toastProblem, useSaved } from '@/components/data/save'
import { ResourceForm, useResourceForm } from '@/components/resource/resource-form'
import { Badge } from '@/components/ui/badge'
import { Button } from '@/components/ui/button'
import { Card } from '@/components/ui/card'
import { CopyButton } from '@/components/ui/copy-button'
import { Field } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { KeyValues } from '@/components/ui/key-values'
import { PageHead } from '@/components/ui/page-head'
import { SkeletonLines } from '@/components/ui/skeleton'
import { ErrorState } from '@/components/ui/states'
import { Time } from '@/components/ui/time'
import { ROLE_LABELS } from '@/components/users/role-labels'
import { passwordChange, type Session } from '@/lib/resources/me/schema'
import { ROLE_MEANINGS } from '@/lib/resources/roles'

export function SettingsScreen() {
  return (
    <>
      <PageHead title="Settings" description="You, your sessions, and the facts of this deployment." />
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <div className="flex min-w-0 flex-col gap-4">
          <Profile />
          <Sessions />
        </div>
        <div className="flex min-w-0 flex-col gap-4">
          <Password />
          <Deployment />
        </div>
      </div>
    </>
  )
}

function Profile() {
  const me = useMe()
  return (
    <Card title="Profile" description="Name and roles are kept by the platform team, under Users.">
      <KeyValues
        items={[
          { label: 'Name', value: me.name },
          { label: 'Email', value: me.email ?? '–' },
          {
            label: 'Role',
            value: me.role ? (
              <>
                {ROLE_LABELS[me.role]} <span className="text-sm text-muted">{ROLE_MEANINGS[me.role]}</span>
              </>
            ) : (
              'None for the deployment'
            ),
          },
          {
            label: 'Teams',
            value:
              me.teams.length === 0 ? (
                'None'
              ) : (
                <ul className="flex flex-col gap-1">
                  {me.teams.map((team) => (
                    <li key={team.teamId} className="flex items-center gap-2">
                      {team.teamName} <Badge>{ROLE_LABELS[team.role]}</Badge>
                    </li>
                  ))}
                </ul>
              ),
          },
        ]}
      />
    </Card>
  )
}

const EMPTY = { currentPassword: '', newPassword: '', repeated: '' }
/** The API takes the new password once; that it was typed as meant is the form's business. */
const passwordForm = passwordChange
  .extend({ repeated: z.string() })
  .refine((value) => value.newPassword === value.repeated, { path: ['repeated'], message: 'is not the same' })

function Password() {
  const me = useMe()
  const saved = useSaved()
  const client = useQueryClient()
  const form = useResourceForm(passwordForm, EMPTY)
  const { errors } = form.formState
  return (
    <Card title="Password" description="A change ends all other sessions of yours.">
      <ResourceForm
        form={form}
        submitLabel="Change password"
        onSubmit={async ({ repeated: _repeated, ...input }) => {
          const answer = await apiSend('POST', '/me/password', input)
          form.reset(EMPTY)
          void client.invalidateQueries({ queryKey: SESSIONS })
          saved({ ...answer, revision: null }, 'Changed your password')
        }}
      >
        {/* Password managers want to know whose it is. */}
        <input type="text" autoComplete="username" value={me.email ?? ''} readOnly hidden />
        <Field label="Present password" required error={errors.currentPassword?.message}>
          <Input type="password" autoComplete="current-password" {...form.register('currentPassword')} />
        </Field>
        <Field
          label="New password"
          required
          hint="At least 12 characters"
          error={errors.newPassword?.message}
        >
          <Input type="password" autoComplete="new-password" {...form.register('newPassword')} />
        </Field>
        <Field label="New password again" required error={errors.repeated?.message}>
          <Input type="password" autoComplete="new-password" {...form.register('repeated')} />
        </Field>
      </ResourceForm>
    </Card>
  )
}

const SESSIONS = ['me', 'sessions']

function Sessions() {
  const client = useQueryClient()
  const query = useQuery({
    queryKey: SESSIONS,
    queryFn: async ({ signal }) => (await apiGet<Page<Session>>('/me/sessions', { limit: 100 }, signal)).data,
  })
  const [ending, setEnding] = useState<string | null>(null)
  const end = async (session: Session) => {
    setEnding(session.id)
    try {
      await apiSend('DELETE', `/me/sessions/${session.id}`)
      if (session.current) location.assign('/sign-in')
      else await client.invalidateQueries({ queryKey: SESSIONS })
    } catch (error) {
      toastProblem(error, 'That session is still there')
    } finally {
      setEnding(null)
    }
  }
  const problem = query.error instanceof ApiProblem ? query.error : null
  return (
    <Card
      title="Sessions"
      description="Where you are signed in. One that you end is refused at its next request."
    >
      {query.isPending ? <SkeletonLines lines={2} label="Loading your sessions" /> : null}
      {problem ? (
        <ErrorState
          detail={problem.detail}
          requestId={problem.requestId}
          onRetry={() => void query.refetch()}
          className="px-0 py-2 sm:px-0"
        />
      ) : null}
      <ul className="divide-y empty:hidden">
        {(query.data ?? []).map((session) => (
          <li key={session.id} className="flex items-center gap-3 py-2 first:pt-0 last:pb-0">
            <div className="min-w-0 flex-1">
              <p className="flex items-center gap-2 truncate">
                {browserOf(session.userAgent)}
                {session.current ? <Badge tone="accent">This one</Badge> : null}
              </p>
              <p className="text-sm text-muted">
                {session.address ?? 'unknown address'}, seen <Time value={session.lastSeenAt} />, since{' '}
                <Time value={session.createdAt} />
              </p>
            </div>
            <Button size="sm" loading={ending === session.id} onClick={() => void end(session)}>
              <LogOut aria-hidden />
              {session.current ? 'Sign out' : 'End session'}
            </Button>
          </li>
        ))}
      </ul>
    </Card>
  )
}

/** "Firefox on Linux" out of a user agent; the words are for recognising one's own, not for counting. */
export function browserOf(userAgent: string | null): string {
  if (!userAgent) return 'Unknown browser'
  const browser = BROWSERS.find(([pattern]) => pattern.test(userAgent))?.[1] ?? 'A browser'
  const system = SYSTEMS.find(([pattern]) => pattern.test(userAgent))?.[1]
  return system ? `${browser} on ${system}` : browser
}

const BROWSERS: readonly [RegExp, string][] = [
  [/Edg\//, 'Edge'],
  [/Firefox\//, 'Firefox'],
  [/HeadlessChrome\/|Chrome\//, 'Chrome'],
  [/Safari\//, 'Safari'],
  [/curl\//, 'curl'],
]
const SYSTEMS: readonly [RegExp, string][] = [
  [/iPhone|iPad/, 'iOS'],
  [/Android/, 'Android'],
  [/Mac OS X/, 'macOS'],
  [/Windows/, 'Windows'],
  [/Linux/, 'Linux'],
]

function Deployment() {
  const { deployment } = useMe()
  return (
    <Card title="Deployment">
      <KeyValues
        items={[
          { label: 'Version', value: deployment.version },
          { label: 'Time zone', value: `${deployment.timeZone} (where days and months of budgets begin)` },
          { label: 'Admin', value: <Address url={deployment.adminUrl} what="admin address" /> },
          { label: 'Gateway', value: <Address url={deployment.gatewayUrl} what="gateway address" /> },
          {
            label: 'Base URL for SDKs',
            value: <Address url={`${deployment.gatewayUrl}/v1`} what="base URL" />,
          },
        ]}
      />
    </Card>
  )
}

function Address({ url, what }: { url: string; what: string }) {
  return (
    <span className="flex items-center gap-1">
      <span className="font-mono text-xs break-all">{url}</span>
      <CopyButton text={url} what={what} />
    </span>
  )
}
