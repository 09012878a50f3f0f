'use client'

import { ImagePlus, X } from 'lucide-react'
import { useId, useState } from 'react'
import { Button, IconButton } from '@/components/ui/button'
import { Field, FieldError } from '@/components/ui/field'
import { Input } from '@/components/ui/input'
import { Popover, PopoverContent, PopoverTrigger } from '@/components/ui/popover'

/** In base64, and with the rest of the call, below the 10 MB that the gateway takes. */
const MAX_FILE_BYTES = 5_000_000

/** Images of a message: by address, which the vendor fetches, or from a file, which goes with the call. */
export function ImageField({
  images,
  onChange,
}: {
  images: readonly string[]
  onChange: (images: string[]) => void
}) {
  const [open, setOpen] = useState(false)
  const add = (url: string) => {
    onChange([...images, url])
    setOpen(false)
  }
  return (
    <div className="flex flex-wrap items-center gap-2">
      {images.map((url, at) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: an image may be there twice.
        <Thumbnail key={at} url={url} onRemove={() => onChange(images.filter((_, other) => other !== at))} />
      ))}
      <Popover open={open} onOpenChange={setOpen}>
        <PopoverTrigger asChild>
          <Button size="sm" variant="ghost">
            <ImagePlus aria-hidden />
            Add image
          </Button>
        </PopoverTrigger>
        <PopoverContent className="w-80">
          <ImageChoice onAdd={add} />
        </PopoverContent>
      </Popover>
    </div>
  )
}

function ImageChoice({ onAdd }: { onAdd: (url: string) => void }) {
  const fileId = useId()
  const [url, setUrl] = useState('')
  const [error, setError] = useState<string | null>(null)
  const isUrl = /^https?:\/\/\S+$/.test(url.trim())
  const read = (file: File | undefined) => {
    if (!file) return
    if (!file.type.startsWith('image/')) return setError('that is no image')
    if (file.size > MAX_FILE_BYTES) return setError('that is over 5 MB')
    const reader = new FileReader()
    reader.onload = () => onAdd(String(reader.result))
    reader.onerror = () => setError('that could not be read')
    reader.readAsDataURL(file)
  }
  return (
    <div className="flex flex-col gap-3">
      <Field label="Address" hint="The vendor fetches it: it must be reachable from there.">
        <Input
          value={url}
          onChange={(event) => setUrl(event.target.value)}
          placeholder="https://…"
          autoComplete="off"
          spellCheck={false}
        />
      </Field>
      <Button className="self-start" disabled={!isUrl} onClick={() => onAdd(url.trim())}>
        Add by address
      </Button>
      <div className="flex flex-col gap-1 border-t pt-3">
        <label htmlFor={fileId} className="text-sm font-medium">
          Or a file
        </label>
        <input
          id={fileId}
          type="file"
          accept="image/*"
          className="text-sm file:mr-2 file:h-8 file:rounded-control file:border file:bg-surface file:px-3 file:text-sm"
          onChange={(event) => read(event.target.files?.[0])}
        />
        {error ? <FieldError>{error}</FieldError> : null}
      </div>
    </div>
  )
}

/** A page of the console loads nothing from elsewhere: an image by address is named, not shown. */
function Thumbnail({ url, onRemove }: { url: string; onRemove: () => void }) {
  const isFile = url.startsWith('data:')
  return (
    <span className="flex h-9 max-w-full items-center gap-1 rounded-control border bg-sunken pl-1.5">
      {isFile ? (
        // biome-ignore lint/performance/noImgElement: it is in the page already, there is nothing to load.
        <img src={url} alt="Of this message" className="size-7 rounded-[4px] object-cover" />
      ) : (
        <span className="max-w-48 truncate font-mono text-xs" title={url}>
          {url}
        </span>
      )}
      <IconButton label="Remove image" size="sm" onClick={onRemove}>
        <X aria-hidden />
      </IconButton>
    </span>
  )
}
