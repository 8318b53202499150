// Holds the files of a transparency log against verifiers that are not ours.
//
//	proof FOLDER
//
// The folder has
//
//	key          the log's verifier key
//	policy       (optional) a policy, of which witnesses have cosigned the checkpoint
//	log/         what a web server would serve: checkpoint, tile/…
//	receipts/    N.tlog-proof, and N.entry beside it
//	refused/     (optional) the same, but every verifier has to refuse them
//	notes/       (optional) notes that the log's key has signed and that are no checkpoints
//	consistency  (optional) lines of: old size, old root, new size, new root, hashes of the proof; all but sizes base64
//
// It prints a line for each thing that it has found right, and ends with status 1 at the first that is not.
package main

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"filippo.io/torchwood"
	"github.com/transparency-dev/formats/log"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/tessera/api"
	"github.com/transparency-dev/tessera/client"
	"github.com/transparency-dev/tessera/fsck"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// How long Tessera's check may take: on damaged files it may come to no verdict.
const patience = 30 * time.Second

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: proof FOLDER")
		os.Exit(2)
	}
	if err := check(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "refused:", err)
		os.Exit(1)
	}
}

func check(folder string) error {
	text, err := os.ReadFile(filepath.Join(folder, "key"))
	if err != nil {
		return err
	}
	verifier, err := note.NewVerifier(strings.TrimSpace(string(text)))
	if err != nil {
		return fmt.Errorf("x/mod, key: %w", err)
	}
	checkpoint, err := os.ReadFile(filepath.Join(folder, "log", "checkpoint"))
	if err != nil {
		return err
	}
	if _, err := note.Open(checkpoint, note.VerifierList(verifier)); err != nil {
		return fmt.Errorf("x/mod, note: %w", err)
	}
	fmt.Println("note of the checkpoint: golang.org/x/mod agrees")
	parsed, rest, _, err := log.ParseCheckpoint(checkpoint, verifier.Name(), verifier)
	if err != nil {
		return fmt.Errorf("formats, checkpoint: %w", err)
	}
	if len(rest) != 0 {
		return fmt.Errorf("formats, checkpoint: it has further lines: %q", rest)
	}
	fmt.Printf("checkpoint of %d entries: transparency-dev/formats agrees\n", parsed.Size)
	if err := wholeLog(filepath.Join(folder, "log"), verifier); err != nil {
		return fmt.Errorf("tessera: %w", err)
	}
	fmt.Printf("all tiles of %d entries: Tessera agrees\n", parsed.Size)

	policy := torchwood.ThresholdPolicy(2, torchwood.OriginPolicy(verifier.Name()), torchwood.SingleVerifierPolicy(verifier))
	if text, err := os.ReadFile(filepath.Join(folder, "policy")); err == nil {
		if policy, err = torchwood.ParsePolicy(text); err != nil {
			return fmt.Errorf("torchwood, policy: %w", err)
		}
		if _, _, err := torchwood.VerifyCheckpoint(checkpoint, policy); err != nil {
			return fmt.Errorf("torchwood, cosigned checkpoint: %w", err)
		}
		fmt.Println("cosigned checkpoint: torchwood agrees")
	}
	for _, wanted := range []bool{true, false} {
		name := map[bool]string{true: "receipts", false: "refused"}[wanted]
		if err := receipts(filepath.Join(folder, name), policy, wanted); err != nil {
			return err
		}
	}
	if err := notes(filepath.Join(folder, "notes"), verifier); err != nil {
		return err
	}
	return consistency(filepath.Join(folder, "consistency"))
}

// notes opens what else the key has signed, such as the manifests of bundles, and makes sure that nobody takes it for a checkpoint.
func notes(folder string, verifier note.Verifier) error {
	paths, err := filepath.Glob(filepath.Join(folder, "*"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if _, err := note.Open(text, note.VerifierList(verifier)); err != nil {
			return fmt.Errorf("x/mod, %s: %w", path, err)
		}
		if _, _, _, err := log.ParseCheckpoint(text, verifier.Name(), verifier); err == nil {
			return fmt.Errorf("formats takes %s for a checkpoint", path)
		}
	}
	if len(paths) > 0 {
		fmt.Printf("%d notes that are no checkpoints: golang.org/x/mod agrees\n", len(paths))
	}
	return nil
}

// wholeLog derives all tiles and the root anew from the entries.
func wholeLog(folder string, verifier note.Verifier) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	hashes := func(bundle []byte) ([][]byte, error) {
		entries := &api.EntryBundle{}
		if err := entries.UnmarshalText(bundle); err != nil {
			return nil, err
		}
		var hashes [][]byte
		for _, entry := range entries.Entries {
			hashes = append(hashes, rfc6962.DefaultHasher.HashLeaf(entry))
		}
		return hashes, nil
	}
	done := make(chan error, 1)
	go func() {
		files := client.FileFetcher{Root: folder}
		done <- fsck.New(verifier.Name(), verifier, files, hashes, fsck.Opts{N: 2}).Check(ctx)
	}()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("no verdict in %s", patience)
	}
}

func receipts(folder string, policy torchwood.Policy, wanted bool) error {
	paths, err := filepath.Glob(filepath.Join(folder, "*.tlog-proof"))
	if err != nil {
		return err
	}
	for _, path := range paths {
		receipt, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		entry, err := os.ReadFile(strings.TrimSuffix(path, ".tlog-proof") + ".entry")
		if err != nil {
			return err
		}
		err = torchwood.VerifyProof(policy, tlog.RecordHash(entry), receipt)
		if wanted && err != nil {
			return fmt.Errorf("torchwood, %s: %w", path, err)
		}
		if !wanted && err == nil {
			return fmt.Errorf("torchwood takes %s", path)
		}
	}
	if len(paths) > 0 {
		fmt.Printf("%d receipts (%s): torchwood agrees\n", len(paths), filepath.Base(folder))
	}
	return nil
}

func consistency(path string) error {
	file, err := os.Open(path)
	if os.IsNotExist(err) {
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	count := 0
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if len(words) < 4 {
			return fmt.Errorf("consistency: too few words: %q", lines.Text())
		}
		var sizes [2]uint64
		var hashes [][]byte
		for place, word := range words {
			if place == 0 || place == 2 {
				if sizes[place/2], err = strconv.ParseUint(word, 10, 64); err != nil {
					return err
				}
				continue
			}
			hash, err := base64.StdEncoding.DecodeString(word)
			if err != nil {
				return err
			}
			hashes = append(hashes, hash)
		}
		err := proof.VerifyConsistency(rfc6962.DefaultHasher, sizes[0], sizes[1], hashes[2:], hashes[0], hashes[1])
		if err != nil {
			return fmt.Errorf("transparency-dev/merkle, %d to %d: %w", sizes[0], sizes[1], err)
		}
		count++
	}
	fmt.Printf("%d consistency proofs: transparency-dev/merkle agrees\n", count)
	return lines.Err()
}
