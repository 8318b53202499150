#!/usr/bin/env bash
# gofpdf: with the translator that its documentation recommends for the built-in fonts, a minus sign (U+2212), ≥ and ≤ come out as a
# full stop: "−0.5" is printed as ".0.5", "≥ 38" as ". 38". No error is set.
set -euo pipefail
tmp=$(mktemp -d) judged=
finish() {
    local rc=$?
    rm -rf "$tmp"
    [ "$rc" = 0 ] || [ "$judged" ] || rc=2 # not judged: it could not be set up
    exit "$rc"
}
trap finish EXIT
cd "$tmp"
export GOPATH=$tmp/go GOCACHE=$tmp/cache GOFLAGS=-modcacherw
command -v pdftotext >/dev/null || apt-get install -y -q poppler-utils >apt.log 2>&1

cat >go.mod <<'MOD'
module try

go 1.21

require github.com/jung-kurt/gofpdf v1.16.2
MOD
cat >main.go <<'GO'
package main

import (
	"fmt"
	"os"

	"github.com/jung-kurt/gofpdf"
)

func main() {
	pdf := gofpdf.New("P", "mm", "A4", "")
	translate := pdf.UnicodeTranslatorFromDescriptor("")
	pdf.AddPage()
	pdf.SetFont("Helvetica", "", 12)
	for _, text := range []string{"Z-score −2.5", "fever ≥ 38 °C", "5 µg ± 1"} {
		pdf.CellFormat(0, 8, translate(text), "", 1, "", false, 0, "")
	}
	if err := pdf.OutputFileAndClose("out.pdf"); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}
GO
go mod tidy >build.log 2>&1 && go run . >>build.log 2>&1 || { cat build.log >&2; exit 2; }
seen=$(pdftotext out.pdf - | tr '\n\f' '| ' | sed 's/[| ]*$//')

echo "gofpdf 1.16.2"
echo "expected: the signs as they are, or an error"
echo "seen: $seen"
judged=yes
[ "$seen" = "Z-score .2.5|fever . 38 °C|5 µg ± 1" ]
