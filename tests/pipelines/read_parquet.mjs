// Rows of parquet files by hyparquet: columns as JSON on standard output.
//
// The first argument is the folder of the modules; standard input says which files, and which rows:
// {files, which: {column, operator, kind, text}}. Whole numbers and instants go as kind and text,
// as JSON has neither.
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { pathToFileURL } from 'node:url'

const [modules] = process.argv.slice(2)
const require = createRequire(`${modules}/`)
const load = name => import(pathToFileURL(require.resolve(name)))
const { asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } = await load('hyparquet')
const { compressors } = await load('hyparquet-compressors')

const { files, which } = JSON.parse(readFileSync(0, 'utf8'))

const value = ({ kind, text }) =>
  kind === 'instant' ? new Date(text) : kind === 'whole' ? BigInt(text) : text

const filter = which && {
  [which.column]: {
    '=': () => ({ $eq: value(which) }),
    '>=': () => ({ $gte: value(which) }),
    'is null': () => ({ $eq: null }),
  }[which.operator](),
}

const told = (cell, kind) => {
  if (cell === undefined || cell === null) return null
  if (typeof cell === 'bigint') return { kind: 'whole', text: String(cell) }
  if (cell instanceof Date) return { kind, text: cell.toISOString() }
  return cell
}

const columns = {}
for (const path of files) {
  const file = await asyncBufferFromFile(path)
  const metadata = await parquetMetadataAsync(file)
  const rows = await parquetReadObjects({ file, metadata, compressors, filter })
  for (const { name, converted_type } of metadata.schema.slice(1)) {
    const kind = converted_type === 'DATE' ? 'date' : 'instant'
    columns[name] = [...columns[name] ?? [], ...rows.map(row => told(row[name], kind))]
  }
}
process.stdout.write(JSON.stringify(columns))
