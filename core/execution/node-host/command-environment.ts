/**
 * The environment of a command: a small clean set, never the node's own, which holds a token.
 *
 * Variables that make a program load or run something else than what was asked for are not taken from a request. They
 * would turn an allowed program into any program.
 */
const BLOCKED = new Set(
  (
    "PATH HOME SHELL SHELLOPTS BASHOPTS BASH_ENV ENV IFS PS4 PROMPT_COMMAND CDPATH GLOBIGNORE ZDOTDIR FPATH NODE_OPTIONS NODE_PATH " +
    "NODE_EXTRA_CA_CERTS NODE_REPL_EXTERNAL_MODULE NODE_V8_COVERAGE NODE_COMPILE_CACHE DENO_DIR BUN_INSTALL PYTHONHOME PYTHONPATH " +
    "PYTHONSTARTUP PYTHONUSERBASE PYTHONINSPECT PYTHONBREAKPOINT PYTHONEXECUTABLE PYTHONWARNINGS PYTHONPLATLIBDIR PERL5LIB PERL5OPT " +
    "PERL5DB PERLLIB PERLIO_DEBUG RUBYLIB RUBYOPT RUBYSHELL GEM_HOME GEM_PATH BUNDLE_GEMFILE LUA_PATH LUA_CPATH LUA_INIT PHPRC " +
    "PHP_INI_SCAN_DIR R_PROFILE R_PROFILE_USER R_ENVIRON JULIA_LOAD_PATH TCLLIBPATH GUILE_LOAD_PATH ERL_AFLAGS ERL_FLAGS ERL_ZFLAGS " +
    "ELIXIR_ERL_OPTIONS JAVA_TOOL_OPTIONS _JAVA_OPTIONS JDK_JAVA_OPTIONS CLASSPATH MAVEN_OPTS GRADLE_OPTS SBT_OPTS ANT_OPTS " +
    "GROOVY_OPTS JAVA_OPTS DOTNET_STARTUP_HOOKS DOTNET_ADDITIONAL_DEPS COMPLUS_PROFILER CORECLR_PROFILER CORECLR_ENABLE_PROFILING " +
    "MONO_PATH GCONV_PATH GLIBC_TUNABLES LOCPATH NLSPATH RESOLV_HOST_CONF HOSTALIASES MALLOC_TRACE TZDIR NIS_PATH GETCONF_DIR " +
    "RES_OPTIONS LOCALDOMAIN GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE GIT_EXEC_PATH GIT_TEMPLATE_DIR GIT_EXTERNAL_DIFF GIT_EDITOR " +
    "GIT_SEQUENCE_EDITOR GIT_PAGER GIT_ASKPASS GIT_SSH GIT_SSH_COMMAND GIT_SSH_VARIANT GIT_PROXY_COMMAND GIT_SSL_NO_VERIFY " +
    "GIT_SSL_CAINFO GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_OBJECT_DIRECTORY GIT_CONFIG GIT_ATTR_SOURCE GIT_NAMESPACE GIT_COMMON_DIR " +
    "SVN_SSH HGRCPATH CVS_RSH RSYNC_RSH RSYNC_CONNECT_PROG SSH_ASKPASS SSH_ASKPASS_REQUIRE SUDO_ASKPASS CC CXX CPP LD AR AS NM RANLIB " +
    "RUSTC RUSTC_WRAPPER RUSTC_WORKSPACE_WRAPPER RUSTDOC RUSTFLAGS CARGO_HOME CARGO_BUILD_RUSTC GOFLAGS GOROOT GOPROXY GONOSUMCHECK " +
    "GOENV GOTOOLDIR CFLAGS CXXFLAGS LDFLAGS COMPILER_PATH LIBRARY_PATH GCC_EXEC_PREFIX CMAKE_TOOLCHAIN_FILE CMAKE_C_COMPILER " +
    "CMAKE_CXX_COMPILER PKG_CONFIG PKG_CONFIG_PATH MAKEFLAGS MFLAGS GNUMAKEFLAGS MAKEFILES MAKE_COMMAND EDITOR VISUAL FCEDIT PAGER " +
    "MANPAGER LESSOPEN LESSCLOSE LESSKEY LESSEDIT BROWSER VIMINIT EXINIT VIM VIMRUNTIME EMACSLOADPATH TERMINFO TERMINFO_DIRS TERMCAP " +
    "SSLKEYLOGFILE SSL_CERT_FILE SSL_CERT_DIR OPENSSL_CONF OPENSSL_ENGINES OPENSSL_MODULES REQUESTS_CA_BUNDLE CURL_CA_BUNDLE " +
    "CURL_HOME WGETRC NETRC GTK_MODULES GTK_PATH QT_PLUGIN_PATH GIO_EXTRA_MODULES GIO_MODULE_DIR GDK_PIXBUF_MODULE_FILE " +
    "XDG_CONFIG_HOME XDG_CONFIG_DIRS XDG_DATA_DIRS DBUS_SESSION_BUS_ADDRESS PIP_INDEX_URL PIP_EXTRA_INDEX_URL PIP_CONFIG_FILE " +
    "UV_INDEX_URL YARN_RC_FILENAME DOCKER_HOST DOCKER_CONFIG KUBECONFIG AWS_CONFIG_FILE ANSIBLE_CONFIG TF_CLI_CONFIG_FILE VAGRANT_CWD"
  ).split(" "),
);
const BLOCKED_PREFIXES = [
  "LD_", "DYLD_", "BASH_FUNC_", "GIT_CONFIG_", "NPM_CONFIG_", "CARGO_REGISTRIES_", "CARGO_TARGET_", "TF_VAR_", "OPENCLAW_",
];
const SHELL_ALLOWED = /^(TERM|LANG|LC_[A-Z]+|COLORTERM|NO_COLOR|FORCE_COLOR)$/;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Set for every command; marks all processes it starts, so that none can hide from being ended. */
export const INVOCATION_VARIABLE = "OPENCLAW_INVOCATION";

const PATH_WHEN_UNSET = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

export interface EnvironmentRequest {
  /** The node's own, read for the few names that are passed on. */
  readonly own: Readonly<Record<string, string | undefined>>;
  /** Names the owner of the machine passes on. */
  readonly allow: readonly string[];
  readonly home: string;
  readonly requested: Readonly<Record<string, string>>;
  /** A shell reads its line anew: of what is asked for only how it looks is taken. */
  readonly isShell?: boolean;
}

export interface CommandEnvironment {
  readonly variables: Readonly<Record<string, string>>;
  /** Requested names that were not taken. */
  readonly dropped: readonly string[];
}

export function nodePath(own: Readonly<Record<string, string | undefined>>): string {
  return own["PATH"] === undefined || own["PATH"] === "" ? PATH_WHEN_UNSET : own["PATH"];
}

export function commandEnvironment({ own, allow, home, requested, isShell = false }: EnvironmentRequest): CommandEnvironment {
  const variables: Record<string, string> = {
    PATH: nodePath(own),
    HOME: home,
    LANG: own["LANG"] ?? "C.UTF-8",
    TERM: "dumb",
    TMPDIR: own["TMPDIR"] ?? "/tmp",
    USER: own["USER"] ?? "openclaw",
    LOGNAME: own["LOGNAME"] ?? own["USER"] ?? "openclaw",
    ...(own["TZ"] === undefined ? {} : { TZ: own["TZ"] }),
  };
  for (const name of allow) {
    const value = own[name];
    if (value !== undefined && !name.toUpperCase().startsWith("OPENCLAW_")) variables[name] = value;
  }
  const dropped: string[] = [];
  for (const [name, value] of Object.entries(requested)) {
    if (isBlocked(name) || (isShell && !SHELL_ALLOWED.test(name)) || value.includes("\0")) dropped.push(name);
    else variables[name] = value;
  }
  return { variables, dropped };
}

function isBlocked(name: string): boolean {
  const upper = name.toUpperCase();
  return !NAME.test(name) || BLOCKED.has(upper) || BLOCKED_PREFIXES.some((prefix) => upper.startsWith(prefix));
}
