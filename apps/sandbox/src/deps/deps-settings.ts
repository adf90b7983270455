import { Type } from 'class-transformer';
import { IsArray, IsIn, IsInt, IsNotEmpty, IsString, Matches, Min, ValidateNested } from 'class-validator';

/** Parts of an answer a product may have; where it has not, they are null. */
export const BLOCKS = ['score', 'contasReceberInterno', 'scr', 'smart'] as const;
export type Block = (typeof BLOCKS)[number];

/** What a customer of DEPS has contracted. */
export class DepsProduct {
  @Matches(/^[0-9a-f]{8}$/)
  identificador!: string;

  @IsString()
  @IsNotEmpty()
  nome!: string;

  /** Whom it is for: a natural person (CPF) or a company (CNPJ). */
  @IsIn(['F', 'J'])
  tipoPessoa!: 'F' | 'J';

  @IsArray()
  @IsIn(BLOCKS, { each: true })
  blocos: Block[] = [...BLOCKS];
}

/** One customer of DEPS with its API user: its own bill, history and receivables. */
export class DepsAccountSettings {
  /** How logs and answers of the control API call it. */
  @IsString()
  @IsNotEmpty()
  name!: string;

  @IsString()
  @IsNotEmpty()
  email!: string;

  @IsString()
  @IsNotEmpty()
  senha!: string;

  /** `locked`: no login, and its tokens end. `expired`: no login until the password is changed; its tokens live on. */
  @IsIn(['active', 'locked', 'expired'])
  user: 'active' | 'locked' | 'expired' = 'active';

  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => DepsProduct)
  produtos: DepsProduct[] = [
    product('d057a0f1', 'Mix PJ 057', 'J', ['score', 'contasReceberInterno', 'scr']),
    product('d031b2e4', 'Smart PJ 031', 'J', [...BLOCKS]),
    product('d012c3d5', 'Mix PF 012', 'F', ['contasReceberInterno']),
    product('d002e4c6', 'Smart PF 002', 'F', [...BLOCKS]),
  ];
}

/** How this DEPS behaves, and about whom it answers what. */
export class DepsSettings {
  @IsArray()
  @ValidateNested({ each: true })
  @Type(() => DepsAccountSettings)
  accounts: DepsAccountSettings[] = [
    accountCalled('demo', 'api@demo.example', 'sandbox-senha'),
    accountCalled('filial', 'api@filial.example', 'sandbox-senha-filial'),
  ];

  /** From the login on; the login says it as `expires_in`. The partner's pages say 5 hours, and that it may change. */
  @IsInt()
  @Min(0)
  tokenLifetimeS: number = 18_000;

  /** Documents, or how documents end, whose query waits for the authorisation to ask the central bank (SCR). */
  @IsNotEmpty({ each: true })
  @IsString({ each: true })
  @IsArray()
  scrConsentNeeded: string[] = [];

  /** Documents, or how documents end, about whom there is nothing. */
  @IsNotEmpty({ each: true })
  @IsString({ each: true })
  @IsArray()
  withoutData: string[] = [];

  /** Titles, by their `idExterno`, that are refused in whatever batch they come. */
  @IsString({ each: true })
  @IsArray()
  refusedTitles: string[] = [];
}

function product(identificador: string, nome: string, tipoPessoa: 'F' | 'J', blocos: Block[]): DepsProduct {
  return Object.assign(new DepsProduct(), { identificador, nome, tipoPessoa, blocos });
}

function accountCalled(name: string, email: string, senha: string): DepsAccountSettings {
  return Object.assign(new DepsAccountSettings(), { name, email, senha });
}
