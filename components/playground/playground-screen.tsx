'use client'

import { Plus, RotateCcw, SendHorizontal, Square } from 'lucide-react'
import { useRef, useState } from 'react'
import { CallPanel } from '@/components/calls/call-panel'
import { useOptions } from '@/components/data/collection'
import { useCan, useMe } from '@/components/data/me'
import { Button } from '@/components/ui/button'
import { Card } from '@/components/ui/card'
import { cn } from '@/components/ui/cn'
import { PageHead } from '@/components/ui/page-head'
import { SkeletonLines } from '@/components/ui/skeleton'
import { NoPermissionState } from '@/components/ui/states'
import { SwitchField } from '@/components/ui/switch'
import type { Route } from '@/lib/resources/routes/schema'
import { type ChatBody, chatBody, type PromptProblem } from './chat-request'
import { Conversation } from './conversation'
import { KeyBar } from './key-bar'
import { useMemory } from './memory'
import { NoRoutes, OtherOrigin } from './notices'
import { Pane } from './pane'
import { continued, FIRST_PROMPT } from './prompt'
import { RoutePicker } from './route-picker'
import { SettingsFields } from './settings-fields'
import { usePlaygroundKeys } from './use-playground-keys'
import { isUntouched, type PromptState, usePrompt } from './use-prompt'
import { useRuns } from './use-runs'
import { MAX_ROUTES, useSettings } from './use-settings'

/** Any chat route, tried as its callers do: by a real key, with the limits, the budgets and the books. */
export function PlaygroundScreen() {
  const can = useCan()
  const routes = useOptions<Route>('/routes', { sort: 'name', limit: 100 }, can('routes.list'))
  if (!can('routes.list')) return <NoPermissionState what="routes" />
  const chat = routes.data?.filter(({ kind }) => kind === 'chat')
  return (
    <>
      {chat === undefined || chat.length === 0 ? <Head /> : null}
      {chat === undefined ? <SkeletonLines lines={6} label="Loading the routes" /> : null}
      {chat?.length === 0 ? <NoRoutes /> : null}
      {chat?.[0] ? <Playground firstRoute={(chat.find(({ enabled }) => enabled) ?? chat[0]).name} /> : null}
    </>
  )
}

function Head({ actions }: { actions?: React.ReactNode }) {
  return (
    <PageHead
      title="Playground"
      description="Try a route as its callers do: by key, with its limits, budgets and books."
      actions={actions}
    />
  )
}

function Playground({ firstRoute }: { firstRoute: string }) {
  const { gatewayUrl, adminUrl } = useMe().deployment
  const { key } = useMemory()
  const written = usePrompt()
  const { routes: asked, settings, setRoutes, setSettings } = useSettings()
  const routes = asked.length === 0 ? [firstRoute] : asked
  const runs = useRuns(gatewayUrl, key?.secret ?? null)
  const [problems, setProblems] = useState<readonly PromptProblem[]>([])
  const [keyMissing, setKeyMissing] = useState(false)
  const [receiptId, setReceiptId] = useState<string | null>(null)
  const keyInput = useRef<HTMLInputElement>(null)

  const built = routes.map((route) => chatBody(written.prompt, settings, route))
  const bodies = built.map((one) => ('body' in one ? one.body : null))
  const send = () => {
    if (runs.running) return
    const [first] = built
    setProblems(first && 'problems' in first ? first.problems : [])
    setKeyMissing(key === null)
    if (key === null) keyInput.current?.focus()
    else if (bodies.every((body): body is ChatBody => body !== null)) runs.send(bodies)
  }
  usePlaygroundKeys({ send, stop: runs.running ? () => runs.stop() : null })
  const errorAt = (path: string) => problems.find((problem) => problem.path === path)?.message
  const replace = (at: number, name: string) =>
    setRoutes(routes.map((route, other) => (other === at ? name : route)))
  const several = routes.length > 1

  return (
    <>
      <Head
        actions={
          <>
            <Button
              variant="ghost"
              disabled={isUntouched(written.prompt) && Object.keys(runs.all).length === 0}
              onClick={() => {
                runs.clear()
                setProblems([])
                written.set(FIRST_PROMPT)
              }}
            >
              <RotateCcw aria-hidden />
              Start over
            </Button>
            {runs.running ? (
              <Button title="Esc" aria-keyshortcuts="Escape" onClick={() => runs.stop()}>
                <Square aria-hidden />
                {several ? 'Stop all' : 'Stop'}
              </Button>
            ) : (
              <Button
                variant="primary"
                title="Ctrl+Enter or ⌘Enter"
                aria-keyshortcuts="Control+Enter Meta+Enter"
                onClick={send}
              >
                <SendHorizontal aria-hidden />
                {several ? `Send to ${routes.length} routes` : 'Send'}
              </Button>
            )}
          </>
        }
      />
      <OtherOrigin adminUrl={adminUrl} />
      <KeyBar apiKey={key} missing={keyMissing} input={keyInput} />
      <div className={cn('grid gap-4', several ? '' : 'lg:grid-cols-[minmax(20rem,28rem)_minmax(0,1fr)]')}>
        <Card className={several ? '' : 'self-start'}>
          <div className={cn('grid gap-5', several ? 'lg:grid-cols-[minmax(0,1fr)_22rem]' : '')}>
            <Conversation
              prompt={written.prompt}
              onChange={written.set}
              error={(at) => errorAt(`turns.${at}`)}
            />
            <div className="flex flex-col gap-4">
              <SettingsFields
                settings={settings}
                onSettings={setSettings}
                prompt={written.prompt}
                onPrompt={written.set}
                error={errorAt}
              />
              <KeepSwitch written={written} />
            </div>
          </div>
        </Card>
        <div className="flex min-w-0 flex-col gap-3">
          <div
            className={cn(
              'grid gap-4',
              routes.length === 2 && 'lg:grid-cols-2',
              routes.length === 3 && 'lg:grid-cols-3',
            )}
          >
            {routes.map((route, at) => (
              <Pane
                key={route}
                number={at + 1}
                route={route}
                taken={routes.filter((other) => other !== route)}
                onRoute={(name) => replace(at, name)}
                onRemove={several ? () => setRoutes(routes.filter((other) => other !== route)) : null}
                body={bodies[at] ?? null}
                keyId={key?.kind === 'made' ? key.id : null}
                gatewayUrl={gatewayUrl}
                run={runs.all[route] ?? null}
                onStop={() => runs.stop(route)}
                onContinue={({ answer }) => {
                  written.set(continued(written.prompt, answer))
                  runs.clear()
                }}
                onReceipt={setReceiptId}
              />
            ))}
          </div>
          {routes.length < MAX_ROUTES ? (
            <AddRoute routes={routes} onAdd={(name) => setRoutes([...routes, name])} />
          ) : null}
        </div>
      </div>
      <CallPanel id={receiptId} onClose={() => setReceiptId(null)} />
    </>
  )
}

function AddRoute({ routes, onAdd }: { routes: readonly string[]; onAdd: (name: string) => void }) {
  const [choosing, setChoosing] = useState(false)
  if (!choosing) {
    return (
      <Button size="sm" variant="ghost" className="self-start" onClick={() => setChoosing(true)}>
        <Plus aria-hidden />
        Compare with another route
      </Button>
    )
  }
  return (
    <RoutePicker
      value={null}
      taken={routes}
      placeholder="Choose a route to compare with"
      className="max-w-80"
      onChange={(name) => {
        setChoosing(false)
        onAdd(name)
      }}
    />
  )
}

function KeepSwitch({ written }: { written: PromptState }) {
  return (
    <SwitchField
      label="Keep in this browser"
      hint={
        written.kept === 'full'
          ? 'This browser has no room for all of it: images are large. The last that fitted is kept.'
          : 'The conversation, tools and schema, never the key. Off: all is gone on reload.'
      }
      checked={written.kept !== false}
      onCheckedChange={written.setKept}
    />
  )
}
