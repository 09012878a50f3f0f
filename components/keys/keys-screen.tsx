'use client'

import { Plus } from 'lucide-react'
import { parseAsBoolean, parseAsString, useQueryState } from 'nuqs'
import { useState } from 'react'
import { useCan } from '@/components/data/me'
import { Button } from '@/components/ui/button'
import { PageHead } from '@/components/ui/page-head'
import { CreateKeyDialog } from './create-key-dialog'
import { KeySecretDialog, KeysTable, type NewSecret } from './keys-table'

export function KeysScreen() {
  const can = useCan()
  const [creating, setCreating] = useQueryState('create', parseAsBoolean.withDefault(false))
  const [consumerId, setConsumerId] = useQueryState('consumerId', parseAsString)
  const [secret, setSecret] = useState<NewSecret | null>(null)
  const create = can('keys.create') ? (
    <Button variant="primary" onClick={() => void setCreating(true)}>
      <Plus aria-hidden />
      Create key
    </Button>
  ) : null
  return (
    <>
      <PageHead
        title="Keys"
        description="Secrets with which consumers call the gateway. Each is shown once, when it is made or rotated."
        actions={create}
      />
      <KeysTable emptyAction={create} />
      <CreateKeyDialog
        open={creating && can('keys.create')}
        onOpenChange={(open) => {
          void setCreating(open || null)
          if (!open) void setConsumerId(null)
        }}
        consumerId={consumerId}
        onCreated={(created) => setSecret({ ...created, rotated: false })}
      />
      {secret ? <KeySecretDialog secret={secret} onClose={() => setSecret(null)} /> : null}
    </>
  )
}
