import type { RegisterEntryChanged } from '#libs/contracts';
import type { TitlePlace } from '#libs/receivables';
import type { CustomerXSettings } from './customerx.settings.js';

export type ClientIdFormat = Pick<CustomerXSettings, 'businessUnitAsClient' | 'maxIdLength' | 'externalIdPrefix'>;

/** Where a title belongs in the ERP [filial, unidade de negócio]. */
export interface Place {
  branch: string;
  businessUnit?: string;
}

/** A client as `clients/create_or_update` takes it. */
export interface Client {
  external_id_client: string;
  company_name: string;
  trading_name?: string;
  cnpj_cpf?: string;
}

/**
 * CustomerX's client is the ERP's branch, or its business unit; never the debtor.
 * @throws Error when the settings ask for a business unit and there is none: never the branch in its place; when the id
 * is longer than CustomerX keeps: cut, it would be another client's
 */
export function toClientId(place: Place, format: ClientIdFormat): string {
  const id = idIn(place, format);
  if (id === undefined) throw new Error('o título não tem unidade de negócio / the title names no business unit');
  return withinLimit(id, format);
}

/** The branch or the unit of the register, as a client. A document keeps its letters. */
export function toClient({ code, name, tradingName, cnpj }: RegisterEntryChanged, format: ClientIdFormat): Client {
  return {
    external_id_client: withinLimit(`${format.externalIdPrefix}${code}`, format),
    company_name: name,
    ...(tradingName && { trading_name: tradingName }),
    ...(cnpj && { cnpj_cpf: cnpj }),
  };
}

/** A client of CustomerX's as the settings would have it, and what is wrong with it. */
export interface ClientUse {
  /** Null: titles that belong to no client. */
  externalIdClient: string | null;
  places: Place[];
  titles: number;
  owed: number;
  problem?: string;
}

/**
 * The clients that a company's titles come to. Two of them are told apart by CustomerX only if they differ within the
 * limit, and in more than case; two branches or units with one code are one client there.
 */
export function clientsOf(places: readonly TitlePlace[], format: ClientIdFormat): ClientUse[] {
  const idOf = (place: Place) => idIn(place, format) ?? null;
  const uses = [...Map.groupBy(places, idOf)].map(([externalIdClient, at]) => ({
    externalIdClient,
    places: at.map(({ branch, businessUnit }) => ({ branch, ...(businessUnit !== undefined && { businessUnit }) })),
    titles: at.reduce((sum, { titles }) => sum + titles, 0),
    owed: at.reduce((sum, { owed }) => sum + owed, 0),
  }));
  const asKept = (id: string | null) => id?.slice(0, format.maxIdLength || undefined).toLowerCase();
  const kept = Map.groupBy(uses, ({ externalIdClient }) => asKept(externalIdClient));
  return uses.map((use) => {
    const same = kept.get(asKept(use.externalIdClient))!.filter((other) => other !== use);
    const problem = problemOf(use, same, format);
    return { ...use, ...(problem && { problem }) };
  });
}

function problemOf({ externalIdClient: id, places }: ClientUse, same: ClientUse[], format: ClientIdFormat) {
  if (id === null)
    return 'títulos sem unidade de negócio não são enviados / titles without a business unit are not sent';
  const others = same.map(({ externalIdClient }) => `"${externalIdClient}"`).join(', ');
  if (others) return `o CustomerX não o distinguiria de ${others} / CustomerX would not tell it from ${others}`;
  if (format.maxIdLength > 0 && id.length > format.maxIdLength)
    return `mais longo que o limite de ${format.maxIdLength}: não é enviado / longer than the limit: it is not sent`;
  const branches = places.map(({ branch }) => branch).join(', ');
  if (format.businessUnitAsClient && places.length > 1)
    return `unidades de mesmo código das filiais ${branches} seriam um só cliente / units of one code would be one client`;
  return undefined;
}

/** What keeps a client in order, and what titles wait for that need it. */
export function clientLane(externalIdClient: string): string {
  return `client/${externalIdClient}`;
}

function idIn({ branch, businessUnit }: Place, format: ClientIdFormat): string | undefined {
  const code = format.businessUnitAsClient ? businessUnit : branch;
  return code ? `${format.externalIdPrefix}${code}` : undefined;
}

function withinLimit(id: string, { maxIdLength }: ClientIdFormat): string {
  if (maxIdLength === 0 || id.length <= maxIdLength) return id;
  throw new Error(
    `o código de cliente "${id}" tem ${id.length} caracteres e o limite é ${maxIdLength} / ` +
      `the client code "${id}" is longer than the limit of ${maxIdLength}`,
  );
}
